#pragma once
// The colours of charts, for light and dark screens: eight hues that stay apart, in the order in which they are given
// out, for readers with protanopia and deuteranopia as well (OKLab distance of any two of the first six is at least 8,
// of all eight at least 6) and stand out from the background by a contrast of 3:1. From the ninth line on, hues come
// again with dashes.
#include <string>

namespace limbeck {

constexpr int kPlotColours = 8;

constexpr int kNeutralColour = -1;  ///< the number of grey, for what is not compared

/// The CSS classes of the line with that number (from 0): "c1" … "c8", and "again" when hues come again; "c0" is grey.
std::string colour_class(int line);

/// Style rules for everything that svg_plot() draws, and the colour classes. Dark colours apply on dark screens only,
/// not on paper.
std::string plot_style();

}  // namespace limbeck
