#pragma once

namespace limbeck {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace limbeck
