#pragma once
// Batch norm in training (Ioffe, Szegedy 2015), with a shortcut and an activation, of rows of channels [R, C], R =
// N·H·W.
//
// Forward: BatchNormMoments sums x − s and (x − s)² over pieces of the rows, where s is the first row, near the mean,
// so that the squares do not cancel; BatchNormApply adds up the pieces and writes
//   y = rectified((x − μ) γ/√(σ² + ε) + β + added)
// Backward, with g what passes the activation, of one gradient or the sum of two: BatchNormProducts sums g and g (x −
// μ); BatchNormGradient writes
//   ∂x = γ/√(σ² + ε) (g − Σg / R − (x − μ) Σg(x − μ) / ((σ² + ε) R))
#include "device/programs/numbers.h"

namespace limbeck {

/// How rows of channels are cut: a block has a tile of lanes · N channels, and a piece of the rows. N: channels of a
/// thread.
struct NormTiles {
  static constexpr int kThreads = 512, kMostChannels = 64;
  int64_t rows;
  int channels, lanes;  ///< lanes: a power of 2; lanes · N is at most 64
  int tiles;
  int64_t piece_rows;
};

template <int N>
struct NormPlace {
  int lane, group, groups;  ///< threads of a group take one row
  int channel;              ///< the first of the thread's
  int64_t piece, first, last;

  LIMBECK_DEVICE NormPlace(const NormTiles& tiles, int64_t block, int thread) {
    lane = thread % tiles.lanes;
    group = thread / tiles.lanes;
    groups = NormTiles::kThreads / tiles.lanes;
    channel = (static_cast<int>(block % tiles.tiles) * tiles.lanes + lane) * N;
    piece = block / tiles.tiles;
    first = piece * tiles.piece_rows;
    last = first + tiles.piece_rows < tiles.rows ? first + tiles.piece_rows : tiles.rows;
  }
};

/// Two sums of each channel of a block, over its groups: add() by each thread, three times fold(), then write().
template <int N>
struct NormSums {
  static constexpr int kThreads = NormTiles::kThreads, kFold = 8;
  float sums[2][N][kThreads];

  LIMBECK_DEVICE void fold(int level, const NormPlace<N>& place, int lanes) {
    int from = place.groups;
    for (int i = 0; i < level; ++i) from = (from + kFold - 1) / kFold;
    const int to = (from + kFold - 1) / kFold;
    if (place.group >= to) return;
    for (int k = 0; k < 2; ++k)
      for (int j = 0; j < N; ++j) {
        float sum = sums[k][j][place.group * lanes + place.lane];
        for (int group = place.group + to; group < from; group += to) sum += sums[k][j][group * lanes + place.lane];
        sums[k][j][place.group * lanes + place.lane] = sum;
      }
  }

  /// partial [pieces, C, 2]
  LIMBECK_DEVICE void write(const NormPlace<N>& place, int channels, float* partial) const {
    if (place.group > 0) return;
    for (int j = 0; j < N && place.channel + j < channels; ++j)
      for (int k = 0; k < 2; ++k)
        partial[(place.piece * channels + place.channel + j) * 2 + k] = sums[k][j][place.lane];
  }
};

/// A channel's two sums over all rows.
struct NormChannel {
  int channel;
  double first, second;
};

/// The pieces' sums, of a tile's channels, in two phases.
template <int N>
struct NormTotals {
  static constexpr int kThreads = NormTiles::kThreads;
  double first[kThreads], second[kThreads];

  /// partial [pieces, C, 2]
  LIMBECK_DEVICE void add(const NormTiles& tiles, int64_t block, int thread, const float* partial, int64_t pieces) {
    const int width = tiles.lanes * N, slices = kThreads / width;
    const int channel = static_cast<int>(block % tiles.tiles) * width + thread % width;
    double a = 0, b = 0;
    if (channel < tiles.channels)
      for (int64_t piece = thread / width; piece < pieces; piece += slices) {
        const float* of = partial + (piece * tiles.channels + channel) * 2;
        a += of[0];
        b += of[1];
      }
    first[thread] = a;
    second[thread] = b;
  }

  /// Whether the thread has a channel to finish, and which.
  LIMBECK_DEVICE bool total(const NormTiles& tiles, int64_t block, int thread, int64_t pieces, NormChannel& of) const {
    const int width = tiles.lanes * N;
    of = {static_cast<int>(block % tiles.tiles) * width + thread, 0, 0};
    if (thread >= width || of.channel >= tiles.channels) return false;
    for (int slice = 0; slice < kThreads / width && slice < pieces; ++slice) {
      of.first += first[slice * width + thread];
      of.second += second[slice * width + thread];
    }
    return true;
  }
};

template <class T, int N>
struct BatchNormMoments {
  static constexpr const char* kName = "batch_norm_moments";
  static constexpr int kThreads = NormTiles::kThreads, kPhases = 5;
  using Shared = NormSums<N>;
  NormTiles tiles;
  const T* x;
  float* partial;

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    const NormPlace<N> place(tiles, block, thread);
    if (phase == 0)
      add(place, thread, shared);
    else if (phase < 4)
      shared.fold(phase - 1, place, tiles.lanes);
    else
      shared.write(place, tiles.channels, partial);
  }

  LIMBECK_DEVICE void add(const NormPlace<N>& place, int thread, Shared& shared) const {
    float sum[N] = {}, squares[N] = {};
    if (place.channel < tiles.channels) {
      const Pack<T, N> near = load_pack<T, N>(x + place.channel);
      LIMBECK_UNROLL
      for (int64_t row = place.first + place.group; row < place.last; row += place.groups) {
        const Pack<T, N> values = load_pack<T, N>(x + row * tiles.channels + place.channel);
        for (int j = 0; j < N; ++j) {
          const float value = to_float(values.values[j]) - to_float(near.values[j]);
          sum[j] += value;
          squares[j] += value * value;
        }
      }
    }
    for (int j = 0; j < N; ++j) {
      shared.sums[0][j][thread] = sum[j];
      shared.sums[1][j][thread] = squares[j];
    }
  }
};

template <class T, int N>
struct BatchNormApply {
  static constexpr const char* kName = "batch_norm_apply";
  static constexpr int kThreads = NormTiles::kThreads, kPhases = 3;
  struct Shared {
    NormTotals<N> totals;
    float mean[NormTiles::kMostChannels], scale[NormTiles::kMostChannels], bias[NormTiles::kMostChannels];
  };
  NormTiles tiles;
  const T *x, *added;  ///< added: or null
  T* y;
  const float *weight, *bias, *partial;
  int64_t pieces;  ///< of the partial sums
  float *running_mean, *running_variance, *mean, *inverse;
  double momentum, epsilon;
  ProgramRectifier rectifier;

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    if (phase == 0)
      shared.totals.add(tiles, block, thread, partial, pieces);
    else if (phase == 1)
      finish(block, thread, shared);
    else
      apply(NormPlace<N>(tiles, block, thread), shared);
  }

  LIMBECK_DEVICE void finish(int64_t block, int thread, Shared& shared) const {
    NormChannel sums;
    if (!shared.totals.total(tiles, block, thread, pieces, sums)) return;
    const auto [channel, sum, squares] = sums;
    const auto rows = static_cast<double>(tiles.rows);
    const double offset = sum / rows, raw = squares / rows - offset * offset, variance = raw < 0 ? 0 : raw;
    const double of_batch = to_float(x[channel]) + offset, by = 1 / std::sqrt(variance + epsilon);
    shared.mean[thread] = static_cast<float>(of_batch);
    shared.scale[thread] = static_cast<float>(weight[channel] * by);
    shared.bias[thread] = bias[channel];
    if (block >= tiles.tiles) return;  // the first piece's block writes
    mean[channel] = static_cast<float>(of_batch);
    inverse[channel] = static_cast<float>(by);
    const double unbiased = rows > 1 ? rows / (rows - 1) : 1;
    running_mean[channel] = static_cast<float>((1 - momentum) * running_mean[channel] + momentum * of_batch);
    running_variance[channel] =
        static_cast<float>((1 - momentum) * running_variance[channel] + momentum * variance * unbiased);
  }

  LIMBECK_DEVICE void apply(const NormPlace<N>& place, const Shared& shared) const {
    if (place.channel >= tiles.channels) return;
    float near[N], by[N], plus[N];
    for (int j = 0; j < N; ++j) {
      near[j] = shared.mean[place.lane * N + j];
      by[j] = shared.scale[place.lane * N + j];
      plus[j] = shared.bias[place.lane * N + j];
    }
    LIMBECK_UNROLL
    for (int64_t row = place.first + place.group; row < place.last; row += place.groups) {
      const int64_t at = row * tiles.channels + place.channel;
      Pack<T, N> values = load_pack<T, N>(x + at), more{};
      if (added != nullptr) more = load_pack<T, N>(added + at);
      for (int j = 0; j < N; ++j) {
        float value = (to_float(values.values[j]) - near[j]) * by[j] + plus[j];
        if (added != nullptr) value += to_float(more.values[j]);
        store(rectifier.of(value), values.values[j]);
      }
      store_pack(values, y + at);
    }
  }
};

/// What of the gradients of y passes the activation.
template <class T, int N>
struct PassedGradient {
  const T *gradient, *more, *y;  ///< more: a second gradient, of y's other user; or null
  ProgramRectifier rectifier;

  LIMBECK_DEVICE void at(int64_t place, float (&passed)[N]) const {
    const Pack<T, N> gradients = load_pack<T, N>(gradient + place);
    Pack<T, N> others{}, outputs{};
    if (more != nullptr) others = load_pack<T, N>(more + place);
    if (rectifier.on) outputs = load_pack<T, N>(y + place);
    for (int j = 0; j < N; ++j) {
      float sum = to_float(gradients.values[j]);
      if (more != nullptr) sum += to_float(others.values[j]);
      passed[j] = rectifier.passed(sum, to_float(outputs.values[j]));
    }
  }
};

template <class T, int N>
struct BatchNormProducts {
  static constexpr const char* kName = "batch_norm_products";
  static constexpr int kThreads = NormTiles::kThreads, kPhases = 5;
  using Shared = NormSums<N>;
  NormTiles tiles;
  PassedGradient<T, N> of_y;
  const T* x;
  const float* mean;
  float* partial;

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    const NormPlace<N> place(tiles, block, thread);
    if (phase == 0)
      add(place, thread, shared);
    else if (phase < 4)
      shared.fold(phase - 1, place, tiles.lanes);
    else
      shared.write(place, tiles.channels, partial);
  }

  LIMBECK_DEVICE void add(const NormPlace<N>& place, int thread, Shared& shared) const {
    float sum[N] = {}, products[N] = {};
    if (place.channel < tiles.channels) {
      float near[N];
      for (int j = 0; j < N; ++j) near[j] = mean[place.channel + j];
      LIMBECK_UNROLL
      for (int64_t row = place.first + place.group; row < place.last; row += place.groups) {
        const int64_t at = row * tiles.channels + place.channel;
        float passed[N];
        of_y.at(at, passed);
        const Pack<T, N> values = load_pack<T, N>(x + at);
        for (int j = 0; j < N; ++j) {
          sum[j] += passed[j];
          products[j] += passed[j] * (to_float(values.values[j]) - near[j]);
        }
      }
    }
    for (int j = 0; j < N; ++j) {
      shared.sums[0][j][thread] = sum[j];
      shared.sums[1][j][thread] = products[j];
    }
  }
};

template <class T, int N>
struct BatchNormGradient {
  static constexpr const char* kName = "batch_norm_gradient";
  static constexpr int kThreads = NormTiles::kThreads, kPhases = 3;
  struct Shared {
    NormTotals<N> totals;
    float mean[NormTiles::kMostChannels], of_gradient[NormTiles::kMostChannels], of_x[NormTiles::kMostChannels],
        constant[NormTiles::kMostChannels];
  };
  NormTiles tiles;
  PassedGradient<T, N> of_y;
  const T* x;
  T *to_x, *to_added;  ///< to_added: or null
  const float *weight, *mean, *inverse, *partial;
  int64_t pieces;
  float *to_weight, *to_bias;

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    if (phase == 0)
      shared.totals.add(tiles, block, thread, partial, pieces);
    else if (phase == 1)
      finish(block, thread, shared);
    else
      apply(NormPlace<N>(tiles, block, thread), shared);
  }

  LIMBECK_DEVICE void finish(int64_t block, int thread, Shared& shared) const {
    NormChannel sums;
    if (!shared.totals.total(tiles, block, thread, pieces, sums)) return;
    const auto [channel, sum, products] = sums;
    const auto rows = static_cast<double>(tiles.rows);
    const double by = inverse[channel], of_weight = products * by, scale = weight[channel] * by;
    shared.mean[thread] = mean[channel];
    shared.of_gradient[thread] = static_cast<float>(scale);
    shared.of_x[thread] = static_cast<float>(-scale * by * of_weight / rows);
    shared.constant[thread] = static_cast<float>(-scale * sum / rows);
    if (block >= tiles.tiles) return;
    to_weight[channel] = static_cast<float>(of_weight);
    to_bias[channel] = static_cast<float>(sum);
  }

  LIMBECK_DEVICE void apply(const NormPlace<N>& place, const Shared& shared) const {
    if (place.channel >= tiles.channels) return;
    float near[N], a[N], b[N], k[N];
    for (int j = 0; j < N; ++j) {
      near[j] = shared.mean[place.lane * N + j];
      a[j] = shared.of_gradient[place.lane * N + j];
      b[j] = shared.of_x[place.lane * N + j];
      k[j] = shared.constant[place.lane * N + j];
    }
    LIMBECK_UNROLL
    for (int64_t row = place.first + place.group; row < place.last; row += place.groups) {
      const int64_t at = row * tiles.channels + place.channel;
      float passed[N];
      of_y.at(at, passed);
      Pack<T, N> values = load_pack<T, N>(x + at), gradients;
      for (int j = 0; j < N; ++j) {
        store(passed[j], gradients.values[j]);
        store(passed[j] * a[j] + (to_float(values.values[j]) - near[j]) * b[j] + k[j], values.values[j]);
      }
      store_pack(values, to_x + at);
      if (to_added != nullptr) store_pack(gradients, to_added + at);
    }
  }
};

}  // namespace limbeck
