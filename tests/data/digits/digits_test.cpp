#include "data/digits/digits.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.h"
#include "data/digits/digit_strokes.h"

namespace limbeck {
namespace {

/// All distortions off: the glyphs as they are written down, blended with other styles of the same digit.
DigitOptions plain(int count) {
  return {.count = count,
          .lookalikes = 0,
          .slant = 0,
          .rotation = 0,
          .stretch = 0,
          .perspective = 0,
          .bending = 0,
          .shift = 0,
          .clutter = 0,
          .noise = 0};
}

/// Images of two drawings that are the same, pixel by pixel.
int equal_images(const DigitImages& a, const DigitImages& b) {
  int equal = 0;
  for (size_t i = 0; i + kDigitPixels <= std::min(a.pixels.size(), b.pixels.size()); i += kDigitPixels) {
    const auto image = a.pixels.begin() + static_cast<std::ptrdiff_t>(i);
    equal += std::equal(image, image + kDigitPixels, b.pixels.begin() + static_cast<std::ptrdiff_t>(i)) ? 1 : 0;
  }
  return equal;
}

/// Sum of the pixels of image `id`, in pixels full of ink.
double ink_of(const DigitImages& images, size_t id) {
  const auto image = images.pixels.begin() + static_cast<std::ptrdiff_t>(id * kDigitPixels);
  return std::accumulate(image, image + kDigitPixels, 0.0) / 255;
}

std::string options_mistake(const DigitOptions& options) {
  try {
    draw_digits(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Digits, SameSeedGivesTheSamePixels) {
  const DigitImages a = draw_digits({.seed = 5, .count = 300}), b = draw_digits({.seed = 5, .count = 300});
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.labels, b.labels);
}

TEST(Digits, TheNumberOfThreadsDoesNotMatter) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const DigitImages one = draw_digits({.seed = 5, .count = 301});
  omp_set_num_threads(3);
  const DigitImages three = draw_digits({.seed = 5, .count = 301});
  omp_set_num_threads(threads);
  EXPECT_EQ(one.pixels, three.pixels);
  EXPECT_EQ(one.labels, three.labels);
}

TEST(Digits, AnotherSeedGivesOtherPixelsAndLabels) {
  const DigitImages a = draw_digits({.seed = 5, .count = 300}), b = draw_digits({.seed = 6, .count = 300});
  EXPECT_EQ(equal_images(a, b), 0);
  EXPECT_NE(a.labels, b.labels);
}

TEST(Digits, TheUpperHalfOfTheSeedCounts) {
  const DigitImages a = draw_digits({.seed = 5, .count = 20});
  const DigitImages b = draw_digits({.seed = 5 + (uint64_t{1} << 32), .count = 20});
  EXPECT_EQ(equal_images(a, b), 0);
}

TEST(Digits, TrainAndTestShareNoImage) {
  const DigitImages train = draw_digits({.seed = 5, .count = 300, .split = 0});
  const DigitImages test = draw_digits({.seed = 5, .count = 300, .split = 1});
  const auto image = [](const DigitImages& images, size_t id) {
    const auto begin = images.pixels.begin() + static_cast<std::ptrdiff_t>(id * kDigitPixels);
    return std::vector<uint8_t>(begin, begin + kDigitPixels);
  };
  for (size_t i = 0; i < 300; ++i)
    for (size_t j = 0; j < 300; ++j) ASSERT_NE(image(train, i), image(test, j)) << i << " and " << j;
}

TEST(Digits, AnImageDoesNotDependOnHowManyAreDrawn) {
  const DigitImages few = draw_digits({.seed = 5, .count = 37}), many = draw_digits({.seed = 5, .count = 2500});
  EXPECT_EQ(equal_images(few, many), 37);
  EXPECT_TRUE(std::equal(few.labels.begin(), few.labels.end(), many.labels.begin()));
}

TEST(Digits, OneWriterRepeatsADigitExactlyOnlyIfHeIsWhollyConsistent) {
  const auto repeated = [](float consistency) {
    const DigitImages images =
        draw_digits({.count = 20, .writers = 1, .consistency = consistency, .clutter = 0, .noise = 0});
    int equal = 0;
    for (size_t i = 0; i < 10; ++i)
      for (size_t j = 10; j < 20; ++j) {
        if (images.labels[i] != images.labels[j]) continue;
        const auto image = [&images](size_t id) {
          return images.pixels.begin() + static_cast<std::ptrdiff_t>(id * kDigitPixels);
        };
        equal += std::equal(image(i), image(i + 1), image(j)) ? 1 : 0;
      }
    return equal;
  };
  EXPECT_EQ(repeated(1.0F), 10);
  EXPECT_EQ(repeated(0.95F), 0);
}

TEST(Digits, AWriterIsConsistentAndOthersDiffer) {
  // Mean distance between two pictures of the same digit, by the same hand and by different ones.
  constexpr int kWriters = 30;
  const DigitImages images = draw_digits({.seed = 5, .count = 20 * kWriters, .writers = kWriters});
  double same = 0, different = 0;
  int same_pairs = 0, different_pairs = 0;
  for (size_t i = 0; i < images.labels.size(); ++i)
    for (size_t j = i + 1; j < images.labels.size(); ++j) {
      if (images.labels[i] != images.labels[j]) continue;
      double squares = 0;
      for (size_t k = 0; k < kDigitPixels; ++k)
        squares += std::pow(images.pixels[i * kDigitPixels + k] - images.pixels[j * kDigitPixels + k], 2);
      const bool one_hand = i / 10 % kWriters == j / 10 % kWriters;
      (one_hand ? same : different) += std::sqrt(squares);
      ++(one_hand ? same_pairs : different_pairs);
    }
  ASSERT_EQ(same_pairs, 10 * kWriters);
  EXPECT_LT(same / same_pairs, 0.9 * different / different_pairs);
}

TEST(Digits, EachTenHoldEachDigitOnceInRandomOrder) {
  const DigitImages images = draw_digits({.seed = 5, .count = 5000});
  ASSERT_EQ(images.labels.size(), 5000U);
  std::array<std::array<int, 10>, 10> at{};  // how often each digit stands at each place of its ten
  for (size_t block = 0; block < 500; ++block) {
    std::array<int, 10> seen{};
    for (size_t i = 0; i < 10; ++i) {
      const uint8_t label = images.labels[10 * block + i];
      ASSERT_LT(label, 10);
      ++seen[label];
      ++at[label][i];
    }
    for (const int times : seen) ASSERT_EQ(times, 1) << "in block " << block;
  }
  // Binomial with mean 50 and deviation 6.7: five deviations, so that none of 100 counts fails by chance.
  for (const auto& places : at)
    for (const int times : places) EXPECT_NEAR(times, 50, 34);
}

TEST(Digits, EveryImageHasSomeInkAndMuchPaper) {
  const DigitImages images = draw_digits({.seed = 5, .count = 20000});
  ASSERT_EQ(images.pixels.size(), 20000U * kDigitPixels);
  double sum = 0;
  for (size_t id = 0; id < 20000; ++id) {
    const double ink = ink_of(images, id);
    // A thin, pale 1 of 16 pixels has about 16 x 1.4 x 0.75 = 17, less a gap; a fat 8 some 250 of 784.
    ASSERT_GT(ink, 12) << "image " << id;
    ASSERT_LT(ink, 350) << "image " << id;
    sum += ink;
  }
  EXPECT_NEAR(sum / 20000, 95, 25);  // MNIST's mean is 102
}

TEST(Digits, AnUndistortedDigitStandsInTheMiddle) {
  const DigitImages images = draw_digits(plain(500));
  for (size_t id = 0; id < 500; ++id) {
    int top = kDigitSide, bottom = -1, left = kDigitSide, right = -1;
    for (int row = 0; row < kDigitSide; ++row)
      for (int column = 0; column < kDigitSide; ++column)
        if (images.pixels[id * kDigitPixels + static_cast<size_t>(row * kDigitSide + column)] > 0) {
          top = std::min(top, row), bottom = std::max(bottom, row);
          left = std::min(left, column), right = std::max(right, column);
        }
    // The pressure varies along the pen's way, which moves the edges by up to a pixel and a half.
    EXPECT_NEAR(top + bottom, kDigitSide - 1, 3) << "image " << id;
    EXPECT_NEAR(left + right, kDigitSide - 1, 3) << "image " << id;
    EXPECT_GE(bottom - top + 1, 16) << "image " << id;
    EXPECT_LE(bottom - top + 1, 28) << "image " << id;
  }
}

TEST(Digits, ThePixelsTellTheDigit) {
  // The nearest mean image is a crude reader, but it must read undistorted digits far better than the tenth that chance
  // gives, and distorted ones worse: the labels belong to the pixels, and the distortions distort.
  const auto errors = [](const DigitOptions& options) {
    const DigitImages images = draw_digits(options);
    const size_t half = images.labels.size() / 2;
    std::vector<double> means(10 * kDigitPixels, 0.0);
    for (size_t i = 0; i < half; ++i)
      for (size_t k = 0; k < kDigitPixels; ++k)
        means[images.labels[i] * kDigitPixels + k] += 10.0 * images.pixels[i * kDigitPixels + k] / half;
    int wrong = 0;
    for (size_t i = half; i < 2 * half; ++i) {
      std::array<double, 10> distance{};
      for (size_t digit = 0; digit < 10; ++digit)
        for (size_t k = 0; k < kDigitPixels; ++k)
          distance[digit] += std::pow(means[digit * kDigitPixels + k] - images.pixels[i * kDigitPixels + k], 2);
      wrong += std::min_element(distance.begin(), distance.end()) - distance.begin() != images.labels[i] ? 1 : 0;
    }
    return static_cast<double>(wrong) / static_cast<double>(half);
  };
  const double undistorted = errors(plain(2000)), distorted = errors({.count = 2000});
  EXPECT_LT(undistorted, 0.25);
  EXPECT_GT(distorted, undistorted);
  EXPECT_LT(distorted, 0.6);
}

TEST(Digits, NoneAreNoImages) {
  const DigitImages images = draw_digits({.count = 0});
  EXPECT_TRUE(images.pixels.empty());
  EXPECT_TRUE(images.labels.empty());
}

TEST(Digits, TheLargestDistortionsStillDrawInsideTheImage) {
  const DigitImages images = draw_digits({.count = 2000,
                                          .writers = 1,
                                          .consistency = 0,
                                          .lookalikes = 1,
                                          .ambiguity = 1,
                                          .slant = 1,
                                          .rotation = 45,
                                          .stretch = 1,
                                          .perspective = 0.5F,
                                          .bending = 0.2F,
                                          .shift = 5,
                                          .clutter = 1,
                                          .noise = 0});
  for (size_t id = 0; id < 2000; ++id) EXPECT_GT(ink_of(images, id), 4) << "image " << id;
}

TEST(Digits, MistakesAreNamed) {
  EXPECT_EQ(options_mistake({.count = -1}), "count is -1; expected at least 0");
  EXPECT_EQ(options_mistake({.count = 1, .writers = 0}), "writers is 0; expected 1 to 1000000");
  EXPECT_EQ(options_mistake({.count = 1, .ambiguity = 1.5F}), "ambiguity is 1.5; expected 0 to 1");
  EXPECT_EQ(options_mistake({.count = 1, .noise = -0.5F}), "noise is -0.5; expected 0 to 1");
  EXPECT_EQ(options_mistake({.count = 1, .slant = NAN}), "slant is nan; expected 0 to 1");
}

TEST(DigitStrokes, EachDigitHasSeveralGlyphsInsideItsBox) {
  size_t known = 0;
  for (int digit = 0; digit < 10; ++digit) {
    EXPECT_GE(glyphs_of(digit).size(), 3U);
    known += glyphs_of(digit).size();
    for (const int index : glyphs_of(digit)) {
      const Glyph& glyph = glyphs().at(static_cast<size_t>(index));
      EXPECT_EQ(glyph.digit, digit);
      ASSERT_FALSE(glyph.strokes.empty()) << glyph.name;
      for (const GlyphStroke& stroke : glyph.strokes)
        for (const GlyphPoint& point : stroke) {
          EXPECT_NEAR(point.x, 0, 0.34) << glyph.name;
          EXPECT_NEAR(point.y, 0, 0.54) << glyph.name;
        }
    }
  }
  EXPECT_EQ(known, glyphs().size());
  EXPECT_THROW(glyphs_of(10), Error);
}

TEST(DigitStrokes, PointsStandAtEqualDistancesAlongTheStroke) {
  for (const Glyph& glyph : glyphs())
    for (const GlyphStroke& stroke : glyph.strokes) {
      double longest = 0, shortest = 1e9;
      for (size_t i = 1; i < stroke.size(); ++i) {
        const double step = std::hypot(stroke[i].x - stroke[i - 1].x, stroke[i].y - stroke[i - 1].y);
        longest = std::max(longest, step), shortest = std::min(shortest, step);
      }
      // A chord across a bend is shorter than the curve; no step is skipped or taken twice.
      EXPECT_GT(longest, 0) << glyph.name;
      EXPECT_GT(shortest, 0.5 * longest) << glyph.name;
    }
}

TEST(DigitStrokes, RelativesFitAndKnowEachOther) {
  bool across_digits = false;
  for (size_t index = 0; index < glyphs().size(); ++index)
    for (const Relative& relative : relatives_of(static_cast<int>(index))) {
      const Glyph& glyph = glyphs()[index];
      const Glyph& other = glyphs().at(static_cast<size_t>(relative.index));
      EXPECT_EQ(glyph.strokes.size(), other.strokes.size()) << glyph.name << ", " << other.name;
      const auto& back = relatives_of(relative.index);
      const auto found =
          std::find_if(back.begin(), back.end(), [&](const Relative& r) { return r.index == static_cast<int>(index); });
      ASSERT_NE(found, back.end()) << glyph.name << ", " << other.name;
      if (glyph.digit == other.digit) {
        EXPECT_EQ(relative.boundary, 1);
      } else {
        across_digits = true;
        EXPECT_GT(relative.boundary, 0);
        EXPECT_FLOAT_EQ(relative.boundary + found->boundary, 1) << glyph.name << ", " << other.name;
      }
    }
  EXPECT_TRUE(across_digits);
}

}  // namespace
}  // namespace limbeck
