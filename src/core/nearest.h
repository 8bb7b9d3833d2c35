#pragma once
// The nearest right name for a mistyped one.
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

/// Number of insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
/// (optimal string alignment distance).
int edit_distance(std::string_view left, std::string_view right);

/// "; did you mean 'temperature'?" where a valid name is near enough, else "; expected one of 'a', 'b', 'c'".
/// Empty when there are no valid names.
std::string suggestion(std::string_view found, const std::vector<std::string>& valid);

/// "'a', 'b' or 'c'"
std::string quoted_list(const std::vector<std::string>& names);

}  // namespace limbeck
