#pragma once
// Pictures as a network reads them: views of bytes, normalized; and a bias, a shortcut and an activation in place.
#include "device/programs/numbers.h"

namespace limbeck {

/// A thread shows one pixel, of all channels.
struct PictureViewsProgram {
  static constexpr const char* kName = "picture_views";
  static constexpr int kThreads = 256, kPhases = 1;
  struct Shared {};
  const uint8_t* pixels;       ///< [n, C, H, W]
  const int64_t *ids, *views;  ///< [N]
  float* shown;                ///< [N, H, W, C] in memory
  uint32_t count;              ///< N · H · W
  int channels, height, width;
  int padding, fill;
  bool horizontal, vertical;
  float scale;

  /// Which of n pixels stands at place i of the padded row; −1: none.
  LIMBECK_DEVICE int source_of(int i, int n) const {
    if (i >= 0 && i < n) return i;
    if (fill == 0) return -1;
    if (fill == 1) return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * (n - 1) - i;
  }

  LIMBECK_DEVICE void run(int, int64_t block, int thread, Shared&) const {
    const int64_t i = block * kThreads + thread;
    if (i >= count) return;
    const auto plane = static_cast<uint32_t>(height * width), row = static_cast<uint32_t>(i) / plane;
    const auto pixel = static_cast<int>(static_cast<uint32_t>(i) - row * plane);
    int y = pixel / width, x = pixel % width;
    const int side = 2 * padding + 1, view = static_cast<int>(views[row]);
    const int window = view % (side * side), flips = view / (side * side), horizontal_views = horizontal ? 2 : 1;
    if (flips % horizontal_views == 1) x = width - 1 - x;
    if (vertical && flips / horizontal_views == 1) y = height - 1 - y;
    const int from_y = source_of(y + window / side - padding, height),
              from_x = source_of(x + window % side - padding, width);
    const bool inside = from_y >= 0 && from_x >= 0;
    const uint8_t* from = pixels + ids[row] * channels * plane + (inside ? from_y * width + from_x : 0);
    float* to = shown + i * channels;
    for (int c = 0; c < channels; ++c)
      to[c] = static_cast<float>(inside ? from[static_cast<int64_t>(c) * plane] : uint8_t{0}) * scale;
  }
};

/// (x − mean) / deviation. `inner`: elements of a channel that are neighbours in memory.
template <class From, class To>
struct NormalizePicturesProgram {
  static constexpr const char* kName = "normalize_pictures";
  static constexpr int kThreads = 256, kPhases = 1, kEach = 4;
  struct Shared {};
  const From* x;
  To* y;
  const float *mean, *deviation;
  uint32_t count, inner, channels;

  LIMBECK_DEVICE void run(int, int64_t block, int thread, Shared&) const {
    LIMBECK_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const int64_t i = (block * kEach + j) * kThreads + thread;
      if (i >= count) return;
      const uint32_t channel = static_cast<uint32_t>(i) / inner % channels;
      store((to_float(x[i]) - mean[channel]) / deviation[channel], y[i]);
    }
  }
};

/// x = rectified(x + bias + added), N neighbours at once; N > 1 only where inner = 1 and N divides the channels.
template <class T, int N>
struct AddAndRectifyProgram {
  static constexpr const char* kName = "add_and_rectify";
  static constexpr int kThreads = 256, kPhases = 1;
  struct Shared {};
  T* x;
  const float* bias;  ///< or null
  const T* added;     ///< or null
  uint32_t count, inner, channels;
  ProgramRectifier rectifier;

  LIMBECK_DEVICE void run(int, int64_t block, int thread, Shared&) const {
    const int64_t i = (block * kThreads + thread) * N;
    if (i >= count) return;
    const uint32_t channel = static_cast<uint32_t>(i) / inner % channels;
    Pack<T, N> values = load_pack<T, N>(x + i), more{};
    if (added != nullptr) more = load_pack<T, N>(added + i);
    for (int j = 0; j < N; ++j) {
      float sum = to_float(values.values[j]);
      if (bias != nullptr) sum += bias[channel + static_cast<uint32_t>(j)];
      if (added != nullptr) sum += to_float(more.values[j]);
      store(rectifier.of(sum), values.values[j]);
    }
    store_pack(values, x + i);
  }
};

}  // namespace limbeck
