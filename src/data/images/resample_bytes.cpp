#include "data/images/resample_bytes.h"

#include <algorithm>
#include <cstring>

#include "core/vectorize.h"

namespace limbeck {
namespace {

/// Where a row's pixels come from along one axis of the padded plane: start + i · step, kept within [low, high].
struct Line {
  float start, step, low, high;
  int32_t last;  ///< the last place that has a next one
};

LIMBECK_VECTORIZED
void locate_row(const Line& y, const Line& x, int32_t stride, int32_t* __restrict places, float* __restrict down,
                float* __restrict right, int32_t count) {
  const Line v = y, u = x;  // copies: the compiler need not fear that they change
  for (int32_t i = 0; i < count; ++i) {
    const float at_y = std::min(std::max(v.start + static_cast<float>(i) * v.step, v.low), v.high);
    const float at_x = std::min(std::max(u.start + static_cast<float>(i) * u.step, u.low), u.high);
    const int32_t row = std::min(static_cast<int32_t>(at_y), v.last),
                  column = std::min(static_cast<int32_t>(at_x), u.last);
    down[i] = at_y - static_cast<float>(row);
    right[i] = at_x - static_cast<float>(column);
    places[i] = row * stride + column;
  }
}

void fetch_row(const uint8_t* padded, int64_t stride, const int32_t* __restrict places, uint32_t* __restrict words,
               int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t *top = padded + places[i], *bottom = top + stride;
    const uint32_t upper = static_cast<uint32_t>(top[0] | top[1] << 8),
                   lower = static_cast<uint32_t>(bottom[0] | bottom[1] << 8);
    words[i] = upper | lower << 16;
  }
}

LIMBECK_VECTORIZED
void blend_row(const uint32_t* __restrict words, const float* __restrict down, const float* __restrict right,
               uint8_t* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t word = words[i];
    const auto byte = [word](int shift) { return static_cast<float>(static_cast<int32_t>(word >> shift & 255U)); };
    const float top = byte(0) + right[i] * (byte(8) - byte(0)), bottom = byte(16) + right[i] * (byte(24) - byte(16));
    to[i] = static_cast<uint8_t>(static_cast<int32_t>(top + down[i] * (bottom - top) + 0.5F));
  }
}

}  // namespace

ByteResampler::ByteResampler(const PlaneSize& size, Fill fill)
    : size_(size),
      fill_(fill),
      padded_(static_cast<size_t>(size.channels * (size.height + 2) * (size.width + 2))),
      places_(static_cast<size_t>(size.width)),
      down_(places_.size()),
      right_(places_.size()),
      words_(places_.size()) {}

void ByteResampler::pad(const uint8_t* from) {
  const int64_t height = size_.height, width = size_.width, stride = width + 2;
  const bool edge = fill_ == Fill::edge;  // zeros are there already
  for (int64_t channel = 0; channel < size_.channels; ++channel) {
    uint8_t* plane = padded_.data() + channel * (height + 2) * stride;
    for (int64_t y = 0; y < height; ++y) {
      const uint8_t* row = from + (channel * height + y) * width;
      uint8_t* padded = plane + (y + 1) * stride;
      std::memcpy(padded + 1, row, static_cast<size_t>(width));
      if (!edge) continue;
      padded[0] = row[0];
      padded[width + 1] = row[width - 1];
    }
    if (!edge) continue;
    std::copy_n(plane + stride, stride, plane);
    std::copy_n(plane + height * stride, stride, plane + (height + 1) * stride);
  }
}

void ByteResampler::resample(const uint8_t* from, const std::array<double, 6>& matrix, uint8_t* to) {
  pad(from);
  const int64_t height = size_.height, width = size_.width, stride = width + 2;
  const double middle_y = static_cast<double>(height - 1) / 2, middle_x = static_cast<double>(width - 1) / 2;
  const float rim = fill_ == Fill::edge ? 1 : 0;  // beyond the outermost pixels there is nothing new
  for (int64_t y = 0; y < height; ++y) {
    const auto line = [&](const double* row, double middle,
                          int64_t size) {  // in the padded plane, which begins one pixel earlier
      return Line{.start = static_cast<float>(row[0] * (static_cast<double>(y) - middle_y) - row[1] * middle_x +
                                              row[2] + middle + 1),
                  .step = static_cast<float>(row[1]),
                  .low = rim,
                  .high = static_cast<float>(size + 1) - rim,
                  .last = static_cast<int32_t>(size)};
    };
    locate_row(line(matrix.data(), middle_y, height), line(matrix.data() + 3, middle_x, width),
               static_cast<int32_t>(stride), places_.data(), down_.data(), right_.data(), static_cast<int32_t>(width));
    for (int64_t channel = 0; channel < size_.channels; ++channel) {
      fetch_row(padded_.data() + channel * (height + 2) * stride, stride, places_.data(), words_.data(), width);
      blend_row(words_.data(), down_.data(), right_.data(), to + (channel * height + y) * width, width);
    }
  }
}

}  // namespace limbeck
