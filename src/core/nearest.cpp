#include "core/nearest.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace limbeck {

int edit_distance(std::string_view left, std::string_view right) {
  const size_t rows = left.size() + 1, columns = right.size() + 1;
  std::vector<std::vector<int>> cost(rows, std::vector<int>(columns));
  for (size_t i = 0; i < rows; ++i) cost[i][0] = static_cast<int>(i);
  for (size_t j = 0; j < columns; ++j) cost[0][j] = static_cast<int>(j);
  for (size_t i = 1; i < rows; ++i) {
    for (size_t j = 1; j < columns; ++j) {
      const int substitution = cost[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, substitution});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[rows - 1][columns - 1];
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += fmt::format("'{}'", names[i]);
  }
  return text;
}

std::string suggestion(std::string_view found, const std::vector<std::string>& valid) {
  if (valid.empty()) return "";
  const auto lower = [](std::string_view word) {
    std::string text(word);
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  constexpr size_t kLongest = 200;  // nobody means a name of more
  const std::string wanted = lower(found.substr(0, kLongest));
  const std::string* best = nullptr;
  int best_distance = 0;
  for (const std::string& name : valid) {
    const int distance = edit_distance(wanted, lower(std::string_view(name).substr(0, kLongest)));
    if (best == nullptr || distance < best_distance) {
      best = &name;
      best_distance = distance;
    }
  }
  const int tolerated = std::max<int>(1, static_cast<int>(std::min(found.size(), best->size())) / 3);
  if (best_distance <= tolerated) return fmt::format("; did you mean '{}'?", *best);
  if (valid.size() == 1) return fmt::format("; expected '{}'", valid[0]);
  return fmt::format("; expected one of {}", quoted_list(valid));
}

}  // namespace limbeck
