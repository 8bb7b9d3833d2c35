#pragma once
// Formats numbers for human readers.
#include <cstdint>
#include <string>

namespace limbeck {

/// 1276810 → "1,276,810"
std::string with_commas(int64_t value);
/// 0.4 → "0.4 s", 75 → "1 min 15 s", 4000 → "1 h 7 min"
std::string duration(double seconds);
/// The shortest text that reads back as the same number: 0.1 → "0.1", 20 → "20".
std::string shortest(double value);

}  // namespace limbeck
