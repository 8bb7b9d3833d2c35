#include "data/images/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/vectorize.h"

namespace limbeck {
namespace {

constexpr int kPrecision = 22;  ///< bits of a weight after the point: 8 of a pixel and 2 to spare stay of 32
constexpr int32_t kHalf = 1 << (kPrecision - 1);
constexpr int64_t kRows = 16;          ///< made narrower together
constexpr int64_t kLanes = 4 * kRows;  ///< bytes of a column of that many pixels

/// Rows [count, width, 4] to columns [width, 16, 4], whose numbers lie side by side and are weighted alike.
void to_columns(const uint8_t* rows, int64_t count, int64_t width, uint8_t* columns) {
  for (int64_t row = 0; row < count; ++row)
    for (int64_t x = 0; x < width; ++x) std::memcpy(columns + kLanes * x + 4 * row, rows + 4 * (row * width + x), 4);
}

/// The weighted sum of `count` columns, as bytes [16, 4]. The lanes of rows that are not there hold anything.
LIMBECK_VECTORIZED
void weigh_columns(const uint8_t* __restrict columns, const int32_t* __restrict weights, int64_t count,
                   uint8_t* __restrict out) {
  int32_t sums[kLanes];
  for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] = kHalf;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += columns[i * kLanes + lane] * weights[i];
  for (int64_t lane = 0; lane < kLanes; ++lane) out[lane] = static_cast<uint8_t>(sums[lane] >> kPrecision);
}

LIMBECK_VECTORIZED
void add_weighted(const uint8_t* __restrict row, int32_t weight, int32_t* __restrict sums, int64_t count) {
  for (int64_t i = 0; i < count; ++i) sums[i] += row[i] * weight;
}

LIMBECK_VECTORIZED
void to_bytes(const int32_t* __restrict sums, uint8_t* __restrict row, int64_t count) {
  for (int64_t i = 0; i < count; ++i) row[i] = static_cast<uint8_t>(sums[i] >> kPrecision);
}

/// Bytes [width, 4] to the planes of an output row.
void to_planes(const uint8_t* __restrict row, uint8_t* __restrict pixels, int64_t width, int64_t plane) {
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t x = 0; x < width; ++x) pixels[c * plane + x] = row[4 * x + c];
}

void to_luminance(const uint8_t* __restrict row, uint8_t* __restrict pixels, int64_t width) {
  for (int64_t x = 0; x < width; ++x)
    pixels[x] =
        static_cast<uint8_t>((row[4 * x] * 19595 + row[4 * x + 1] * 38470 + row[4 * x + 2] * 7471 + 0x8000) >> 16);
}

/// Half of an even number, or what Python's round makes of half of an odd one: the even neighbour.
int64_t rounded_half(int64_t number) {
  const int64_t down = number / 2;
  return number % 2 == 0 || down % 2 == 0 ? down : down + 1;
}

}  // namespace

Placement place(ImageSize picture, ImageSize target, ResizeMode mode) {
  if (mode == ResizeMode::stretch) return {.scaled = target};
  const bool is_wider = target.height * picture.width >= target.width * picture.height;  // than the target is
  const ImageSize scaled = is_wider ? ImageSize{target.height, target.height * picture.width / picture.height}
                                    : ImageSize{target.width * picture.height / picture.width, target.width};
  return {.scaled = scaled,
          .top = rounded_half(scaled.height - target.height),
          .left = rounded_half(scaled.width - target.width)};
}

AxisWeights triangle_weights(int64_t in, double extent, int64_t out, int64_t from, int64_t n) {
  const double scale = extent / static_cast<double>(out);
  const double reach = std::max(scale, 1.0);  // of a triangle, to each side of its centre
  AxisWeights axis;
  axis.taps = 2 * static_cast<int64_t>(std::ceil(reach)) + 1;
  axis.weights.resize(static_cast<size_t>(n * axis.taps));
  std::vector<double> triangle(static_cast<size_t>(axis.taps));
  for (int64_t i = 0; i < n; ++i) {
    const double centre = (static_cast<double>(from + i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - reach + 0.5), 0);
    const int64_t count = std::min(static_cast<int64_t>(centre + reach + 0.5), in) - first;
    double sum = 0;
    for (int64_t k = 0; k < count; ++k) {
      const double distance = std::abs((static_cast<double>(k + first) - centre + 0.5) * (1.0 / reach));
      sum += triangle[static_cast<size_t>(k)] = distance < 1.0 ? 1.0 - distance : 0.0;
    }
    for (int64_t k = 0; k < count; ++k)
      axis.weights[static_cast<size_t>(i * axis.taps + k)] =
          static_cast<int32_t>(0.5 + triangle[static_cast<size_t>(k)] / sum * (1 << kPrecision));
    axis.first.push_back(first);
    axis.count.push_back(count);
  }
  return axis;
}

Resizer::Resizer(ImageSize target, ResizeMode mode, int64_t channels)
    : target_(target),
      mode_(mode),
      channels_(channels),
      sums_(static_cast<size_t>(4 * target.width)),
      row_(static_cast<size_t>(4 * target.width)) {}

void Resizer::begin(ImageSize picture, ImageSize decoded, int64_t reduction) {
  const Placement placement = place(picture, target_, mode_);
  const auto extent = [&](int64_t pixels) { return static_cast<double>(pixels) / static_cast<double>(reduction); };
  across_ =
      triangle_weights(decoded.width, extent(picture.width), placement.scaled.width, placement.left, target_.width);
  down_ =
      triangle_weights(decoded.height, extent(picture.height), placement.scaled.height, placement.top, target_.height);
  decoded_width_ = decoded.width;
  next_row_ = 0;
  top_ = down_.first.front();
  bottom_ = down_.first.back() + down_.count.back();
  columns_.resize(static_cast<size_t>(kLanes * decoded.width));
  narrow_.resize(static_cast<size_t>((bottom_ - top_) * 4 * target_.width));
}

void Resizer::add_rows(const uint8_t* rows, int64_t count) {
  const int64_t end = std::min(next_row_ + count, bottom_);
  for (int64_t row = std::max(next_row_, top_); row < end; row += kRows)
    narrow(rows + (row - next_row_) * 4 * decoded_width_, std::min(kRows, end - row),
           narrow_.data() + (row - top_) * 4 * target_.width);
  next_row_ += count;
}

void Resizer::narrow(const uint8_t* rows, int64_t count, uint8_t* out) {
  to_columns(rows, count, decoded_width_, columns_.data());
  std::array<uint8_t, kLanes> column;
  for (int64_t x = 0; x < target_.width; ++x) {
    const auto at = static_cast<size_t>(x);
    weigh_columns(columns_.data() + kLanes * across_.first[at], across_.weights.data() + x * across_.taps,
                  across_.count[at], column.data());
    for (int64_t row = 0; row < count; ++row)
      std::memcpy(out + 4 * (row * target_.width + x), column.data() + 4 * row, 4);
  }
}

void Resizer::finish(uint8_t* pixels) {
  const int64_t bytes = 4 * target_.width, plane = target_.height * target_.width;
  for (int64_t y = 0; y < target_.height; ++y) {
    const auto at = static_cast<size_t>(y);
    std::fill(sums_.begin(), sums_.end(), kHalf);
    const uint8_t* row = narrow_.data() + (down_.first[at] - top_) * bytes;
    for (int64_t k = 0; k < down_.count[at]; ++k)
      add_weighted(row + k * bytes, down_.weights[static_cast<size_t>(y * down_.taps + k)], sums_.data(), bytes);
    to_bytes(sums_.data(), row_.data(), bytes);
    if (channels_ == 1)
      to_luminance(row_.data(), pixels + y * target_.width, target_.width);
    else
      to_planes(row_.data(), pixels + y * target_.width, target_.width, plane);
  }
}

}  // namespace limbeck
