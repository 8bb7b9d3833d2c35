#pragma once
// Colors of charts for light and dark screens: eight hues, in order of use, that remain distinguishable with protanopia
// and deuteranopia (the OKLab distance of any two of the first six is at least 8, of all eight at least 6) and have a
// contrast of 3:1 to the background. From the ninth line on, the hues repeat with dashes.
#include <string>

namespace limbeck {

constexpr int kPlotColours = 8;

constexpr int kNeutralColour = -1;  ///< index of gray, for lines that are not compared

/// Returns the CSS classes of a line by its index (from 0): "c1" … "c8", plus "again" if the hue repeats; "c0" is gray.
std::string colour_class(int line);

/// Returns the style rules for everything that svg_plot() draws, and the color classes. Dark colors apply to dark
/// screens only, not to print.
std::string plot_style();

}  // namespace limbeck
