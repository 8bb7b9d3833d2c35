#pragma once
// Suggestions for mistyped names.
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

/// Optimal string alignment distance: the number of insertions, deletions, substitutions and swaps of adjacent
/// characters that turn one word into the other.
int edit_distance(std::string_view left, std::string_view right);

/// "; did you mean 'temperature'?" if a valid name is near enough, otherwise "; expected one of 'a', 'b', 'c'". Empty
/// when there are no valid names.
std::string suggestion(std::string_view found, const std::vector<std::string>& valid);

/// "'a', 'b' or 'c'"
std::string quoted_list(const std::vector<std::string>& names);

}  // namespace limbeck
