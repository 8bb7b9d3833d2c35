#include "data/digits/digit_strokes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace limbeck {
namespace {

/// A glyph as it is written down below: each stroke by the points that it passes through, on a grid that is 60 wide and
/// 100 high, y downwards.
struct Drawing {
  std::string_view name;  // begins with the digit
  std::vector<std::vector<GlyphPoint>> strokes;
};

// clang-format off
std::vector<Drawing> drawings() {
  return {
      {"0 round", {{{34, 2}, {14, 10}, {2, 40}, {6, 78}, {28, 99}, {52, 84}, {60, 48}, {50, 12}, {30, 1}}}},
      {"0 narrow", {{{34, 0}, {20, 14}, {12, 50}, {18, 86}, {32, 100}, {46, 84}, {48, 46}, {40, 10}, {28, 2}}}},
      {"0 crossing", {{{48, 2}, {22, 8}, {4, 40}, {8, 82}, {30, 100}, {54, 78}, {56, 34}, {40, 8}, {18, 4}}}},
      {"0 clockwise", {{{20, 6}, {44, 4}, {58, 36}, {54, 76}, {32, 100}, {8, 84}, {2, 46}, {12, 12}, {34, 0}}}},

      {"1 bar", {{{32, 0}, {30, 100}}}},
      {"1 bent", {{{36, 0}, {29, 50}, {32, 100}}}},
      {"1 flag", {{{14, 24}, {27, 14}, {36, 0}}, {{36, 0}, {34, 100}}}},
      {"1 flag and foot", {{{16, 22}, {27, 14}, {34, 0}}, {{34, 0}, {32, 98}}, {{10, 99}, {54, 97}}}},
      {"1 foot", {{{31, 2}, {30, 98}}, {{12, 98}, {50, 98}}}},

      {"2 angled", {{{6, 20}, {26, 0}, {52, 16}, {42, 50}, {4, 98}}, {{4, 98}, {60, 97}}}},
      {"2 looped", {{{6, 18}, {28, 0}, {52, 18}, {42, 52}, {16, 92}, {2, 92}, {8, 80}, {28, 90}, {46, 98}, {60, 88}}}},
      {"2 like z", {{{4, 10}, {28, 2}, {52, 6}}, {{52, 6}, {30, 52}, {4, 96}}, {{4, 96}, {32, 95}, {60, 92}}}},
      {"2 wave", {{{8, 24}, {30, 0}, {52, 22}, {36, 60}, {8, 92}}, {{8, 92}, {22, 86}, {42, 99}, {60, 92}}}},

      {"3 round", {{{6, 14}, {28, 0}, {50, 14}, {44, 38}, {20, 46}}, {{20, 46}, {50, 58}, {56, 80}, {32, 100}, {2, 88}}}},
      {"3 flat", {{{6, 2}, {52, 2}}, {{52, 2}, {24, 42}}, {{24, 42}, {52, 54}, {56, 80}, {30, 100}, {2, 90}}}},
      {"3 looped", {{{6, 14}, {28, 0}, {50, 16}, {38, 42}, {20, 50}, {18, 43}, {30, 44}, {52, 60}, {54, 84}, {28, 100},
                     {2, 88}}}},
      {"3 sharp", {{{8, 6}, {34, 2}, {48, 18}, {22, 44}}, {{22, 44}, {50, 50}, {54, 80}, {28, 98}, {2, 96}}}},

      {"4 open", {{{10, 2}, {5, 44}, {12, 56}, {58, 54}}, {{48, 8}, {46, 100}}}},
      {"4 open sharp", {{{14, 0}, {4, 52}}, {{4, 52}, {58, 52}}, {{48, 10}, {44, 100}}}},
      {"4 closed", {{{46, 0}, {2, 62}}, {{2, 62}, {60, 62}}, {{46, 0}, {46, 100}}}},
      {"4 closed round", {{{46, 2}, {24, 28}, {4, 52}, {16, 60}, {58, 56}}, {{46, 2}, {44, 100}}}},
      {"4 sail", {{{24, 0}, {4, 58}}, {{4, 58}, {60, 54}}, {{40, 34}, {34, 100}}}},

      {"5 sharp", {{{12, 4}, {56, 2}}, {{12, 4}, {8, 46}}, {{8, 46}, {34, 38}, {57, 62}, {44, 94}, {4, 96}}}},
      {"5 loose cap", {{{22, 6}, {60, 0}}, {{16, 10}, {10, 46}}, {{10, 46}, {34, 40}, {54, 64}, {38, 96}, {2, 94}}}},
      {"5 like s", {{{54, 4}, {26, 2}, {10, 20}, {22, 42}, {46, 54}, {53, 80}, {28, 100}, {3, 90}}, {{3, 90}, {2, 86}}}},
      {"5 round", {{{54, 4}, {24, 3}, {12, 14}, {8, 46}}, {{8, 46}, {34, 40}, {56, 62}, {46, 92}, {22, 100}, {2, 90}}}},

      {"6 curled", {{{44, 2}, {18, 20}, {4, 56}, {10, 90}, {32, 100}, {54, 82}, {48, 56}, {26, 50}, {6, 68}}}},
      {"6 straight", {{{36, 0}, {14, 36}, {4, 72}, {22, 99}, {48, 90}, {50, 66}, {30, 58}, {6, 76}}}},
      {"6 clockwise", {{{46, 2}, {20, 20}, {6, 64}}, {{6, 64}, {28, 46}, {54, 60}, {52, 88}, {28, 100}, {8, 88}, {5, 62}}}},
      {"6 wide", {{{50, 6}, {24, 4}, {4, 38}, {6, 82}, {32, 100}, {56, 78}, {46, 48}, {24, 46}, {6, 60}}}},

      {"7 plain", {{{4, 4}, {30, 6}, {56, 2}}, {{56, 2}, {34, 48}, {22, 100}}}},
      {"7 barred", {{{4, 4}, {30, 5}, {56, 2}}, {{56, 2}, {34, 48}, {22, 100}}, {{14, 52}, {52, 48}}}},
      {"7 hooked", {{{4, 24}, {6, 4}}, {{6, 4}, {30, 8}, {54, 4}}, {{54, 4}, {32, 50}, {26, 100}}}},
      {"7 curved", {{{4, 10}, {28, 2}, {52, 6}, {46, 36}, {26, 99}}, {{26, 99}, {30, 99}}}},
      {"7 footed", {{{6, 6}, {28, 4}, {54, 3}}, {{54, 3}, {34, 50}, {24, 98}}, {{22, 98}, {28, 98}}}},

      {"8 like s", {{{52, 12}, {30, 0}, {10, 14}, {16, 36}, {44, 58}, {54, 82}, {30, 100}, {6, 84}},
                    {{6, 84}, {16, 58}, {44, 36}, {52, 12}}}},
      {"8 circles", {{{28, 46}, {10, 34}, {10, 12}, {30, 0}, {50, 12}, {48, 34}, {28, 46}},
                     {{28, 46}, {54, 60}, {56, 84}, {30, 100}, {4, 84}, {6, 60}, {28, 46}}}},
      {"8 open", {{{48, 6}, {26, 0}, {8, 16}, {26, 44}, {50, 66}, {46, 94}, {20, 98}, {6, 80}, {24, 52}, {46, 30},
                   {58, 4}}}},
      {"8 from nine", {{{50, 10}, {28, 0}, {8, 14}, {12, 38}, {32, 46}, {48, 34}},
                       {{50, 12}, {46, 42}, {53, 72}, {36, 99}, {10, 92}, {10, 68}, {32, 46}}}},
      {"8 from six", {{{40, 42}, {52, 16}, {32, 0}, {12, 14}, {20, 40}, {6, 64}},
                      {{6, 64}, {30, 48}, {54, 60}, {52, 88}, {28, 100}, {8, 88}, {5, 62}}}},

      {"9 straight", {{{50, 8}, {28, 0}, {6, 14}, {8, 38}, {30, 48}, {48, 36}, {54, 6}}, {{54, 6}, {50, 100}}}},
      {"9 curved", {{{50, 10}, {28, 0}, {8, 14}, {12, 38}, {32, 46}, {50, 30}},
                    {{53, 8}, {54, 50}, {44, 88}, {24, 100}, {4, 88}}}},
      {"9 slanted", {{{52, 14}, {36, 0}, {10, 12}, {8, 36}, {28, 46}, {50, 18}}, {{52, 10}, {46, 44}, {26, 100}}}},
      {"9 small head", {{{46, 6}, {28, 2}, {16, 16}, {22, 34}, {38, 32}, {48, 8}}, {{48, 8}, {48, 60}, {40, 100}}}},
  };
}

/// Two glyphs that can be blended, and how far from the first to the second people begin to read the second.
struct Pair {
  std::string_view first, second;
  float boundary = 1;  // has no meaning for two styles of one digit
};

std::vector<Pair> pairs() {
  return {
      {"0 round", "0 narrow"}, {"0 round", "0 crossing"}, {"1 bar", "1 bent"}, {"2 angled", "2 wave"},
      {"3 round", "3 sharp"}, {"4 open", "4 closed round"}, {"4 open sharp", "4 closed"}, {"4 open sharp", "4 sail"},
      {"5 sharp", "5 loose cap"}, {"6 curled", "6 straight"}, {"6 curled", "6 wide"}, {"9 straight", "9 slanted"},
      {"9 straight", "9 small head"},

      {"0 crossing", "6 wide", 0.28F}, {"0 narrow", "6 curled", 0.32F}, {"1 flag", "7 plain", 0.5F},
      {"1 flag", "9 small head", 0.45F}, {"1 flag and foot", "2 like z", 0.4F}, {"1 flag and foot", "7 footed", 0.5F},
      {"2 like z", "7 footed", 0.65F}, {"2 angled", "7 curved", 0.65F}, {"2 wave", "7 curved", 0.65F},
      {"2 wave", "3 sharp", 0.5F}, {"3 flat", "5 sharp", 0.5F}, {"3 round", "8 circles", 0.5F},
      {"4 open", "9 straight", 0.55F}, {"4 closed round", "9 straight", 0.5F}, {"4 closed round", "9 slanted", 0.45F},
      {"5 round", "6 clockwise", 0.5F}, {"5 like s", "8 like s", 0.6F}, {"6 clockwise", "8 from six", 0.5F},
      {"7 plain", "9 slanted", 0.4F}, {"8 from nine", "9 curved", 0.45F},
  };
}
// clang-format on

/// The curve through `points` at `u` in [0, points - 1]: a Catmull-Rom spline, whose first and last point count twice.
GlyphPoint point_on_spline(const std::vector<GlyphPoint>& points, float u) {
  const int last = static_cast<int>(points.size()) - 1;
  const int span = std::min(static_cast<int>(u), last - 1);
  const float t = u - static_cast<float>(span);
  const auto at = [&](int i) { return points[static_cast<size_t>(std::clamp(i, 0, last))]; };
  const auto cubic = [t](float a, float b, float c, float d) {
    return b + 0.5F * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  const GlyphPoint a = at(span - 1), b = at(span), c = at(span + 1), d = at(span + 2);
  return {cubic(a.x, b.x, c.x, d.x), cubic(a.y, b.y, c.y, d.y)};
}

/// The stroke through `points` on the drawing grid, at equal distances along the curve, in heights of a digit.
GlyphStroke stroke_through(const std::vector<GlyphPoint>& points) {
  constexpr int kFine = 400;
  std::vector<GlyphPoint> curve(kFine + 1);
  std::vector<float> length(kFine + 1, 0.0F);  // along the curve, up to each point
  for (int i = 0; i <= kFine; ++i) {
    const auto at = static_cast<size_t>(i);
    curve[at] = point_on_spline(points, static_cast<float>(points.size() - 1) * static_cast<float>(i) / kFine);
    if (i > 0) length[at] = length[at - 1] + std::hypot(curve[at].x - curve[at - 1].x, curve[at].y - curve[at - 1].y);
  }
  GlyphStroke stroke;
  size_t at = 0;
  for (size_t i = 0; i < stroke.size(); ++i) {
    const float wanted = length.back() * static_cast<float>(i) / static_cast<float>(kStrokePoints - 1);
    while (at < kFine && length[at] < wanted) ++at;
    stroke[i] = {(curve[at].x - 30) / 100, (curve[at].y - 50) / 100};
  }
  return stroke;
}

/// Everything that is known about the glyphs, built once.
struct Alphabet {
  std::vector<Glyph> glyphs;
  std::array<std::vector<int>, 10> of_digit;
  std::vector<std::vector<Relative>> relatives;

  Alphabet() {
    for (const Drawing& drawing : drawings()) {
      Glyph glyph{.digit = drawing.name.front() - '0', .name = drawing.name, .strokes = {}};
      for (const auto& points : drawing.strokes) glyph.strokes.push_back(stroke_through(points));
      of_digit.at(static_cast<size_t>(glyph.digit)).push_back(static_cast<int>(glyphs.size()));
      glyphs.push_back(std::move(glyph));
    }
    relatives.resize(glyphs.size());
    for (const auto& [first, second, boundary] : pairs()) {
      const size_t a = index_of(first), b = index_of(second);
      if (glyphs[a].strokes.size() != glyphs[b].strokes.size())
        throw Error(fmt::format("the glyphs '{}' and '{}' cannot be blended: they have {} and {} strokes", first,
                                second, glyphs[a].strokes.size(), glyphs[b].strokes.size()));
      const bool same_digit = glyphs[a].digit == glyphs[b].digit;
      relatives[a].push_back({.index = static_cast<int>(b), .boundary = same_digit ? 1 : boundary});
      relatives[b].push_back({.index = static_cast<int>(a), .boundary = same_digit ? 1 : 1 - boundary});
    }
  }

  size_t index_of(std::string_view name) const {
    for (size_t i = 0; i < glyphs.size(); ++i)
      if (glyphs[i].name == name) return i;
    throw Error(fmt::format("there is no glyph named '{}'", name));
  }
};

const Alphabet& alphabet() {
  static const Alphabet all;
  return all;
}

}  // namespace

const std::vector<Glyph>& glyphs() {
  return alphabet().glyphs;
}

const std::vector<int>& glyphs_of(int digit) {
  if (digit < 0 || digit > 9) throw Error(fmt::format("digit is {}; expected 0 to 9", digit));
  return alphabet().of_digit[static_cast<size_t>(digit)];
}

const std::vector<Relative>& relatives_of(int index) {
  return alphabet().relatives.at(static_cast<size_t>(index));
}

}  // namespace limbeck
