#pragma once
// Flags whose values are NAME=FILE.
#include <map>
#include <string>
#include <vector>

namespace limbeck {

/// Returns the files by name. Throws Error of kind usage, which names the flag, for another form and for a name that is
/// given twice.
std::map<std::string, std::string> named_files(const std::vector<std::string>& given, const char* flag);

}  // namespace limbeck
