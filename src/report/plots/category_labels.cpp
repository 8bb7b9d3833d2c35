#include "report/plots/category_labels.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "report/text_table.h"

namespace limbeck {
namespace {
constexpr double kCharacterWidth = 6.6;  // of 12 px text, on average
constexpr double kFirstLine = 17;        // from the axis to the first line
constexpr double kGap = 8;               // between neighbours
constexpr size_t kMostLines = 4;
constexpr size_t kLongestSlanted = 36;  // characters; the rest is cut

/// The pieces between which a line may break: behind spaces and behind the marks that join words.
std::vector<std::string> pieces(const std::string& name) {
  std::vector<std::string> found(1);
  for (const char letter : name) {
    found.back() += letter;
    if (std::string_view(" -_/:,").find(letter) != std::string_view::npos) found.emplace_back();
  }
  if (found.back().empty() && found.size() > 1) found.pop_back();
  return found;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// The name in lines of at most that width; empty when it does not fit into kMostLines.
std::vector<std::string> broken(const std::string& name, double width) {
  std::vector<std::string> lines;
  for (const std::string& piece : pieces(name)) {
    if (text_width(trimmed(piece)) > width) return {};
    if (!lines.empty() && text_width(trimmed(lines.back() + piece)) <= width)
      lines.back() += piece;
    else
      lines.push_back(piece);
  }
  for (std::string& line : lines) line = trimmed(line);
  return lines.size() <= kMostLines ? lines : std::vector<std::string>{};
}

/// At most kLongestSlanted characters, the last of which is "…" where some were cut.
std::string cut(const std::string& name) {
  if (terminal_width(name) <= kLongestSlanted) return name;
  std::string shorter = name;
  while (terminal_width(shorter) >= kLongestSlanted) shorter.pop_back();  // a part of a character counts as one
  return trimmed(shorter) + "…";
}

CategoryLabels slanted_labels(const std::vector<std::string>& names, double slot) {
  const double angle = kSlant * std::numbers::pi / 180;
  const auto stride = static_cast<size_t>(std::max(1.0, std::ceil(kCategoryLineHeight / (slot * std::sin(angle)))));
  CategoryLabels labels{.lines = {}, .slanted = true};
  double longest = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    labels.lines.emplace_back();
    if (i % stride != 0) continue;
    labels.lines.back() = {cut(names[i])};
    const double width = text_width(labels.lines.back().front());
    longest = std::max(longest, width);
    // Where a later label reaches further than those before it, it too must not leave the chart.
    labels.overhang = std::max(labels.overhang, width * std::cos(angle) - static_cast<double>(i) * slot);
  }
  labels.height = kFirstLine + longest * std::sin(angle);
  return labels;
}

}  // namespace

double text_width(const std::string& text) {
  return kCharacterWidth * static_cast<double>(terminal_width(text));
}

CategoryLabels category_labels(const std::vector<std::string>& names, double slot) {
  CategoryLabels labels;
  size_t most_lines = 1;
  for (const std::string& name : names) {
    labels.lines.push_back(broken(name, slot - kGap));
    if (labels.lines.back().empty()) return slanted_labels(names, slot);
    most_lines = std::max(most_lines, labels.lines.back().size());
  }
  labels.height = kFirstLine + static_cast<double>(most_lines - 1) * kCategoryLineHeight;
  return labels;
}

}  // namespace limbeck
