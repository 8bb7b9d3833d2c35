#pragma once
// The strokes of the built-in handwritten digits, with several styles for each digit.
//
// A glyph is a list of strokes. A stroke is one smooth movement of the pen; where the pen turns a corner, the next
// stroke begins at the point where the last one ended, and where the pen is lifted, it begins elsewhere. Coordinates
// are in heights of a digit: x to the right within about [-0.3, 0.3], y downwards within [-0.5, 0.5].
//
// Two glyphs with the same number of strokes can be blended, point by point, into shapes between them. `relatives_of`
// names the pairs for which this gives plausible writing: styles of one digit, and digits that people confuse, such as
// a 4 that closes at the top until it is a 9.
//
//   const Glyph& glyph = glyphs()[glyphs_of(7).front()];
//   const GlyphPoint start_of_the_pen = glyph.strokes.front().front();
#include <array>
#include <string_view>
#include <vector>

namespace limbeck {

struct GlyphPoint {
  float x = 0;
  float y = 0;
};

/// Points of a stroke, equally spaced along the curve.
inline constexpr int kStrokePoints = 20;
using GlyphStroke = std::array<GlyphPoint, kStrokePoints>;

/// One way to write a digit.
struct Glyph {
  int digit = 0;
  std::string_view name;  ///< "4 open"
  std::vector<GlyphStroke> strokes;
};

/// All glyphs, ordered by digit.
const std::vector<Glyph>& glyphs();

/// Returns the indices in `glyphs()` of the styles of `digit`, 0 to 9.
const std::vector<int>& glyphs_of(int digit);

/// A glyph to blend with.
struct Relative {
  int index = 0;       ///< index in `glyphs()`
  float boundary = 1;  ///< fraction of the way to it at which the shape could be either digit; 1 for the same digit
};

/// Returns the glyphs that glyph `index` can be blended with.
const std::vector<Relative>& relatives_of(int index);

}  // namespace limbeck
