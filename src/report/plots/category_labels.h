#pragma once
// Labels of a categorical axis, laid out without overlaps: wrapped if each fits its slot, else slanted, and thinned to
// every second, third, … label if slanted labels are still too close.
#include <string>
#include <vector>

namespace limbeck {

/// Estimates the width of 12 px text in pixels, rounded up generously.
double text_width(const std::string& text);

struct CategoryLabels {
  std::vector<std::vector<std::string>> lines;  ///< lines of each category; none if its label is left out
  bool slanted = false;                         ///< rotated by kSlant degrees, ending below the category's position
  double height = 0.0;                          ///< of the labels below the axis, in pixels
  double overhang = 0.0;                        ///< how far they extend to the left of the first position, in pixels
};

constexpr double kSlant = 40.0;             ///< degrees
constexpr double kCategoryLineHeight = 14;  ///< line spacing, in pixels

/// Lays out the labels; `slot` is the distance between categories, in pixels.
CategoryLabels category_labels(const std::vector<std::string>& names, double slot);

}  // namespace limbeck
