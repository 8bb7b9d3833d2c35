// Batch norm in training, as block programs: checks, output, grid, launch.
// What a program does not support goes to the plain form.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>

#include "device/kernels/support.h"

namespace limbeck {
namespace {

/// Rows of channels, cut into at most so many pieces, of which each gives a thread some rows.
NormTiles tiles_of(const at::Tensor& x, int width, int64_t most_pieces) {
  constexpr int64_t kRowsOfThread = 8, kBlocks = 1024, kFewestPieces = 16;
  NormTiles tiles{};
  tiles.channels = static_cast<int>(x.size(1));
  tiles.rows = x.numel() / x.size(1);
  tiles.lanes = power_of_2(ceil_of(tiles.channels, width), NormTiles::kMostChannels / width);
  tiles.tiles = static_cast<int>(ceil_of(tiles.channels, static_cast<int64_t>(tiles.lanes) * width));
  const int64_t rows_at_once = NormTiles::kThreads / tiles.lanes;
  const int64_t most = std::clamp<int64_t>(kBlocks / tiles.tiles, kFewestPieces, most_pieces);
  const int64_t pieces = std::clamp<int64_t>(tiles.rows / (rows_at_once * kRowsOfThread), 1, most);
  tiles.piece_rows = ceil_of(tiles.rows, pieces);
  return tiles;
}

int64_t norm_pieces(const NormTiles& tiles) {
  return ceil_of(tiles.rows, tiles.piece_rows);
}

int64_t norm_blocks(const NormTiles& tiles) {
  return norm_pieces(tiles) * tiles.tiles;
}

// Each block of the second kernel reads the pieces' sums of the first, which are therefore few.
constexpr int64_t kMostSumPieces = 128, kMostWritePieces = 264;

bool fits_norm(const at::Tensor& x, std::initializer_list<at::Tensor> vectors) {
  return has_program_type(x) && (x.dim() == 4 || x.dim() == 2) && x.numel() > 0 && x.size(1) < 1 << 24 &&
         std::all_of(vectors.begin(), vectors.end(),
                     [&](const at::Tensor& vector) { return is_float_vector(vector, x.size(1)); });
}

}  // namespace

namespace device_kernels {

ThreeTensors batch_norm_forward(const at::Tensor& image, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& running_mean, const at::Tensor& running_variance, double momentum,
                                double epsilon, const MaybeTensor& shortcut, bool on, double slope, double most) {
  if (!fits_norm(image, {weight, bias, running_mean, running_variance}) ||
      (shortcut.has_value() && !is_alike(image, *shortcut)))
    return device_plain::batch_norm_forward(image, weight, bias, running_mean, running_variance, momentum, epsilon,
                                            shortcut, on, slope, most);
  const at::Tensor x = as_rows(image), added = shortcut.has_value() ? as_rows(*shortcut) : at::Tensor();
  const auto floats = x.options().dtype(at::kFloat);
  at::Tensor y = at::empty_like(x), mean = at::empty({x.size(1)}, floats), inverse = at::empty({x.size(1)}, floats);
  with_packs(x, can_pack(x, {added, y}), [&](auto number, auto width) {
    using T = decltype(number);
    constexpr int kWidth = decltype(width)::value;
    const NormTiles sums = tiles_of(x, kWidth, kMostSumPieces), writes = tiles_of(x, kWidth, kMostWritePieces);
    const at::Tensor partial = at::empty({norm_pieces(sums), x.size(1), 2}, floats);
    launch(x, BatchNormMoments<T, kWidth>{sums, data_of<T>(x), data_of<float>(partial)}, norm_blocks(sums));
    launch(x,
           BatchNormApply<T, kWidth>{writes, data_of<T>(x), added.defined() ? data_of<T>(added) : nullptr,
                                     data_of<T>(y), data_of<float>(weight), data_of<float>(bias),
                                     data_of<float>(partial), norm_pieces(sums), data_of<float>(running_mean),
                                     data_of<float>(running_variance), data_of<float>(mean), data_of<float>(inverse),
                                     momentum, epsilon, program_rectifier(on, slope, most)},
           norm_blocks(writes));
  });
  return {y, mean, inverse};
}

FourTensors batch_norm_backward(const at::Tensor& of_y, const MaybeTensor& of_twin, const at::Tensor& image,
                                const at::Tensor& output, const at::Tensor& weight, const at::Tensor& mean,
                                const at::Tensor& inverse, bool adds, bool on, double slope, double most) {
  if (!fits_norm(image, {weight, mean, inverse}) || !is_alike(image, of_y) || !is_alike(image, output) ||
      (of_twin.has_value() && !is_alike(image, *of_twin)))
    return device_plain::batch_norm_backward(of_y, of_twin, image, output, weight, mean, inverse, adds, on, slope,
                                             most);
  const at::Tensor x = as_rows(image), y = as_rows(output), gradient = as_rows(of_y),
                   more = of_twin.has_value() ? as_rows(*of_twin) : at::Tensor();
  const auto floats = x.options().dtype(at::kFloat);
  at::Tensor to_x = at::empty_like(x), to_weight = at::empty({x.size(1)}, floats),
             to_bias = at::empty({x.size(1)}, floats), to_added = adds ? gradient : at::Tensor();
  const bool writes_added = adds && (on || more.defined());
  if (writes_added) to_added = at::empty_like(x);
  with_packs(x, can_pack(x, {y, gradient, more, to_x, to_added}), [&](auto number, auto width) {
    using T = decltype(number);
    constexpr int kWidth = decltype(width)::value;
    const NormTiles sums = tiles_of(x, kWidth, kMostSumPieces), writes = tiles_of(x, kWidth, kMostWritePieces);
    const at::Tensor partial = at::empty({norm_pieces(sums), x.size(1), 2}, floats);
    const PassedGradient<T, kWidth> passed{data_of<T>(gradient), more.defined() ? data_of<T>(more) : nullptr,
                                           data_of<T>(y), program_rectifier(on, slope, most)};
    launch(x, BatchNormProducts<T, kWidth>{sums, passed, data_of<T>(x), data_of<float>(mean), data_of<float>(partial)},
           norm_blocks(sums));
    launch(x,
           BatchNormGradient<T, kWidth>{writes, passed, data_of<T>(x), data_of<T>(to_x),
                                        writes_added ? data_of<T>(to_added) : nullptr, data_of<float>(weight),
                                        data_of<float>(mean), data_of<float>(inverse), data_of<float>(partial),
                                        norm_pieces(sums), data_of<float>(to_weight), data_of<float>(to_bias)},
           norm_blocks(writes));
  });
  return {to_x, to_weight, to_bias, to_added};
}

}  // namespace device_kernels
}  // namespace limbeck
