#include "data/digits/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "data/digits/digit_strokes.h"

namespace limbeck {
namespace {

/// The streams of random numbers of an example, of a writer, and of a block of ten examples.
enum Lane : uint32_t { kLabelLane, kWriterLane, kWriterDigitLane, kShapeLane, kPlaceLane, kSoilLane };

constexpr float kTurn = 2 * std::numbers::pi_v<float>;
constexpr float kMiddle = kDigitSide / 2.0F;

Random stream(const DigitOptions& options, uint32_t id, Lane lane) {
  return Random({.seed = options.seed, .purpose = Purpose::synthesis, .epoch = options.split, .id = id, .lane = lane});
}

/// The digit of example `id`: its place in a random order of the ten digits, one order for each ten ids.
uint8_t label_of(const DigitOptions& options, uint32_t id) {
  std::array<uint8_t, 10> order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  Random random = stream(options, id / 10, kLabelLane);
  for (uint32_t i = 9; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  return order[id % 10];
}

/// Random numbers that resemble each other from one example of a writer to the next: of the variance of each, the part
/// `consistency` is the writer's habit and the rest the moment's.
class Hand {
 public:
  Hand(const Random& habit, const Random& moment, float consistency)
      : habit_(habit), moment_(moment), of_habit_(std::sqrt(consistency)), of_moment_(std::sqrt(1 - consistency)) {}

  /// Standard normal, but clamped to two standard deviations: no digit may tip over.
  float normal() { return std::clamp(free_normal(), -2.0F, 2.0F); }
  /// Uniform in [0, 1].
  float uniform() { return 0.5F * std::erfc(-free_normal() / std::numbers::sqrt2_v<float>); }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Any of `choices`, which are not empty.
  template <typename Choice>
  Choice choose(const std::vector<Choice>& choices) {
    const auto at = static_cast<size_t>(uniform() * static_cast<float>(choices.size()));
    return choices[std::min(at, choices.size() - 1)];
  }

 private:
  float free_normal() { return of_habit_ * habit_.normal() + of_moment_ * moment_.normal(); }

  Random habit_, moment_;
  float of_habit_, of_moment_;
};

/// The strokes of one of the ways to write `digit`, blended with a relative.
std::vector<GlyphStroke> choose_strokes(const DigitOptions& options, int digit, Hand& hand) {
  const bool leans = hand.uniform() < options.lookalikes;
  const int chosen = hand.choose(glyphs_of(digit));
  std::vector<Relative> relatives;
  for (const Relative& relative : relatives_of(chosen))
    if ((glyphs()[static_cast<size_t>(relative.index)].digit != digit) == leans) relatives.push_back(relative);
  if (relatives.empty()) relatives.push_back({.index = chosen});

  std::vector<GlyphStroke> strokes = glyphs()[static_cast<size_t>(chosen)].strokes;
  const Relative relative = hand.choose(relatives);
  const Glyph& partner = glyphs()[static_cast<size_t>(relative.index)];
  const float part = hand.uniform(0, leans ? options.ambiguity * relative.boundary : 1.0F);
  for (size_t s = 0; s < strokes.size(); ++s)
    for (size_t i = 0; i < kStrokePoints; ++i) {
      strokes[s][i].x += part * (partner.strokes[s][i].x - strokes[s][i].x);
      strokes[s][i].y += part * (partner.strokes[s][i].y - strokes[s][i].y);
    }
  return strokes;
}

/// Displaces the points by a few waves of random direction, length and phase, so that near points move alike.
void bend(const DigitOptions& options, std::vector<GlyphStroke>& strokes, Hand& hand) {
  struct Wave {
    float across_x, across_y;  // turns per height of the digit
    float phase;
    float move_x, move_y;
  };
  constexpr size_t kWaves = 4;
  std::array<Wave, kWaves> waves;
  const float amount = options.bending * std::sqrt(2.0F / kWaves);
  for (Wave& wave : waves) {
    const float direction = kTurn * hand.uniform();
    const float frequency = hand.uniform(0.4F, 1.5F);
    wave = {.across_x = frequency * std::cos(direction),
            .across_y = frequency * std::sin(direction),
            .phase = hand.uniform(),
            .move_x = amount * hand.normal(),
            .move_y = amount * hand.normal()};
  }
  for (GlyphStroke& stroke : strokes)
    for (GlyphPoint& point : stroke) {
      GlyphPoint moved = point;
      for (const Wave& wave : waves) {
        const float height = std::sin(kTurn * (wave.across_x * point.x + wave.across_y * point.y + wave.phase));
        moved.x += wave.move_x * height;
        moved.y += wave.move_y * height;
      }
      point = moved;
    }
}

/// Moves each stroke that begins with a lifted pen a little on its own.
void misplace(const DigitOptions& options, std::vector<GlyphStroke>& strokes, Hand& hand) {
  float x = 0, y = 0;
  GlyphPoint pen = strokes.front().front();
  for (GlyphStroke& stroke : strokes) {
    const bool lifted = std::hypot(stroke.front().x - pen.x, stroke.front().y - pen.y) > 0.02F;
    pen = stroke.back();
    if (lifted) {
      x = 0.7F * options.bending * hand.normal();
      y = 0.7F * options.bending * hand.normal();
    }
    for (GlyphPoint& point : stroke) point = {point.x + x, point.y + y};
  }
}

/// Stretches, slants, rotates and projects the strokes, then scales and moves them into the image: now in pixels.
void place(const DigitOptions& options, std::vector<GlyphStroke>& strokes, Hand& hand) {
  const float width = std::exp(options.stretch * hand.normal());
  const float shear = options.slant * (0.4F + hand.normal());  // people lean forward
  const float angle = options.rotation * hand.normal() * kTurn / 360;
  const float tilt_x = options.perspective * hand.normal(), tilt_y = options.perspective * hand.normal();
  float left = 1e9F, right = -1e9F, top = 1e9F, bottom = -1e9F;
  for (GlyphStroke& stroke : strokes)
    for (GlyphPoint& point : stroke) {
      const float x = width * point.x - shear * point.y, y = point.y;
      const float distance = std::max(1 + tilt_x * x + tilt_y * y, 0.3F);
      point.x = (std::cos(angle) * x - std::sin(angle) * y) / distance;
      point.y = (std::sin(angle) * x + std::cos(angle) * y) / distance;
      left = std::min(left, point.x), right = std::max(right, point.x);
      top = std::min(top, point.y), bottom = std::max(bottom, point.y);
    }
  const float size = hand.uniform(16, 21) / std::max({right - left, bottom - top, 0.5F});
  const float middle_x = kMiddle + options.shift * hand.normal();
  const float middle_y = kMiddle + options.shift * hand.normal();
  for (GlyphStroke& stroke : strokes)
    for (GlyphPoint& point : stroke)
      point = {middle_x + size * (point.x - (left + right) / 2), middle_y + size * (point.y - (top + bottom) / 2)};
}

/// Ink on the paper, and the pen that leaves it.
class Paper {
 public:
  /// `softness`: pixels over which the edge of a line fades.
  explicit Paper(float softness) : softness_(softness) {}

  /// Draws a line with round ends from a to b, whose half width goes from `radius_a` to `radius_b`.
  void draw_line(GlyphPoint a, GlyphPoint b, float radius_a, float radius_b) {
    const float reach = std::max(radius_a, radius_b) + softness_ / 2;
    const int left = first_pixel(std::min(a.x, b.x) - reach), right = last_pixel(std::max(a.x, b.x) + reach);
    const int top = first_pixel(std::min(a.y, b.y) - reach), bottom = last_pixel(std::max(a.y, b.y) + reach);
    const float along_x = b.x - a.x, along_y = b.y - a.y;
    const float scale = 1 / std::max(along_x * along_x + along_y * along_y, 1e-12F);
    for (int row = top; row <= bottom; ++row)
      for (int column = left; column <= right; ++column) {
        const float x = static_cast<float>(column) + 0.5F - a.x, y = static_cast<float>(row) + 0.5F - a.y;
        const float t = std::clamp((x * along_x + y * along_y) * scale, 0.0F, 1.0F);
        const float off_x = x - t * along_x, off_y = y - t * along_y;
        const float inside = radius_a + t * (radius_b - radius_a) - std::sqrt(off_x * off_x + off_y * off_y);
        float& ink = ink_[static_cast<size_t>(row * kDigitSide + column)];
        ink = std::max(ink, std::min(inside / softness_ + 0.5F, 1.0F));
      }
  }

  const std::array<float, kDigitPixels>& ink() const { return ink_; }

 private:
  static int first_pixel(float place) { return std::max(static_cast<int>(std::floor(place)), 0); }
  static int last_pixel(float place) { return std::min(static_cast<int>(std::floor(place)), kDigitSide - 1); }

  float softness_;
  std::array<float, kDigitPixels> ink_{};
};

/// Draws the strokes, now in pixels, with varying pressure; sometimes the pen misses a little.
void draw_strokes(const DigitOptions& options, const std::vector<GlyphStroke>& strokes, Paper& paper, Hand& hand,
                  Random& random) {
  const float radius = std::clamp(1.35F * std::exp(0.3F * hand.normal()), 0.7F, 2.2F);
  const float swing = hand.uniform(0, 0.3F), turns = hand.uniform(0.5F, 2.0F), phase = hand.uniform();
  const auto total = static_cast<float>(strokes.size() * (kStrokePoints - 1));
  // A gap takes a few of the points of the writing.
  const bool gap = random.uniform() < options.clutter;
  const float gap_begin = random.uniform(0.05F, 0.9F) * total, gap_end = gap_begin + random.uniform(2, 4);

  float drawn = 0;  // points so far
  const auto pressure = [&](float at) { return radius * (1 + swing * std::sin(kTurn * (turns * at / total + phase))); };
  for (const GlyphStroke& stroke : strokes)
    for (size_t i = 1; i < kStrokePoints; ++i, ++drawn)
      if (!gap || drawn < gap_begin || drawn > gap_end)
        paper.draw_line(stroke[i - 1], stroke[i], pressure(drawn), pressure(drawn + 1));
}

/// Draws what does not belong to the digit: now and then a short stray stroke, or a few specks.
void soil(const DigitOptions& options, Paper& paper, Random& random) {
  constexpr float kSide = kDigitSide;
  if (random.uniform() < options.clutter) {
    const GlyphPoint a = {random.uniform(0, kSide), random.uniform(0, kSide)};
    const GlyphPoint b = {a.x + random.uniform(-7, 7), a.y + random.uniform(-7, 7)};
    const float radius = random.uniform(0.4F, 1.0F);
    paper.draw_line(a, b, radius, 0.7F * radius);
  }
  if (random.uniform() < options.clutter)
    for (uint32_t left = 1 + random.below(3); left > 0; --left) {
      const GlyphPoint a = {random.uniform(0, kSide), random.uniform(0, kSide)};
      const float radius = random.uniform(0.4F, 1.0F);
      paper.draw_line(a, a, radius, radius);
    }
}

/// Roughly normal: the sum of four uniform bytes, centred and scaled to a standard deviation of 1.
float quick_normal(uint32_t bits) {
  const uint32_t sum = (bits & 255U) + (bits >> 8 & 255U) + (bits >> 16 & 255U) + (bits >> 24);
  return (static_cast<float>(sum) - 510.0F) / 147.8F;
}

void draw_digit(const DigitOptions& options, uint32_t id, int digit, std::span<uint8_t> pixels) {
  const uint32_t writer = id / 10 % static_cast<uint32_t>(options.writers);
  const Random habit = stream(options, writer, kWriterLane);
  const Random habit_for_digit = stream(options, 10 * writer + static_cast<uint32_t>(digit), kWriterDigitLane);

  Hand shaping(habit_for_digit, stream(options, id, kShapeLane), options.consistency);
  std::vector<GlyphStroke> strokes = choose_strokes(options, digit, shaping);
  bend(options, strokes, shaping);
  misplace(options, strokes, shaping);
  Hand placing(habit, stream(options, id, kPlaceLane), options.consistency);
  place(options, strokes, placing);

  Random random = stream(options, id, kSoilLane);
  Paper paper(placing.uniform(1.0F, 2.2F));
  draw_strokes(options, strokes, paper, placing, random);
  soil(options, paper, random);

  const float darkness = placing.uniform(0.75F, 1.1F);
  const float noise = random.uniform(0, options.noise);
  for (size_t i = 0; i < pixels.size(); ++i) {
    const float ink = darkness * paper.ink()[i] + noise * quick_normal(random.bits());
    pixels[i] = static_cast<uint8_t>(std::clamp(255 * ink + 0.5F, 0.0F, 255.0F));
  }
}

void check(const DigitOptions& options) {
  if (options.count < 0) throw Error(fmt::format("count is {}; expected at least 0", options.count));
  const auto within = [](const char* name, float value, float most) {
    if (!(value >= 0 && value <= most)) throw Error(fmt::format("{} is {}; expected 0 to {}", name, value, most));
  };
  if (options.writers < 1 || options.writers > 1'000'000)
    throw Error(fmt::format("writers is {}; expected 1 to 1000000", options.writers));
  within("consistency", options.consistency, 1);
  within("lookalikes", options.lookalikes, 1);
  within("ambiguity", options.ambiguity, 1);
  within("slant", options.slant, 1);
  within("rotation", options.rotation, 45);
  within("stretch", options.stretch, 1);
  within("perspective", options.perspective, 0.5F);
  within("bending", options.bending, 0.2F);
  within("shift", options.shift, 5);
  within("clutter", options.clutter, 1);
  within("noise", options.noise, 1);
}

}  // namespace

DigitImages draw_digits(const DigitOptions& options) {
  check(options);
  const auto count = static_cast<size_t>(options.count);
  DigitImages images{.pixels = std::vector<uint8_t>(count * kDigitPixels), .labels = std::vector<uint8_t>(count)};
  glyphs();  // builds the tables, whose errors must not be thrown inside the loop
#pragma omp parallel for schedule(static)
  for (int id = 0; id < options.count; ++id) {
    const auto place = static_cast<size_t>(id);
    images.labels[place] = label_of(options, static_cast<uint32_t>(id));
    draw_digit(options, static_cast<uint32_t>(id), images.labels[place],
               std::span(images.pixels).subspan(place * kDigitPixels, kDigitPixels));
  }
  return images;
}

}  // namespace limbeck
