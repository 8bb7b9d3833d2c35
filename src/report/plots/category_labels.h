#pragma once
// The names along a categorical axis, written so that no two overlap: in lines where each fits between its neighbours,
// else slanted, and only every second, third, … where even that is too close.
#include <string>
#include <vector>

namespace limbeck {

/// The width of 12 px text in pixels; a little generous.
double text_width(const std::string& text);

struct CategoryLabels {
  std::vector<std::vector<std::string>> lines;  ///< the text of each category; none for one that is left out
  bool slanted = false;                         ///< by kSlant degrees, ending below the category's place
  double height = 0.0;                          ///< that the labels take below the axis
  double overhang = 0.0;                        ///< how far they reach to the left of the first place
};

constexpr double kSlant = 40.0;             ///< degrees
constexpr double kCategoryLineHeight = 14;  ///< from one line of a label to the next

/// `slot` is the distance from one category to the next, in pixels.
CategoryLabels category_labels(const std::vector<std::string>& names, double slot);

}  // namespace limbeck
