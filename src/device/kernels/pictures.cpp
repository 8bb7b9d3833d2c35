// Views, pictures, dropout, and a bias with an activation, as block programs: checks, output, grid, launch.
// What a program does not support goes to the plain form.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>

#include "device/kernels/support.h"

namespace limbeck {
namespace device_kernels {

at::Tensor draw_views(const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t count) {
  if (!is_words(ids) || !is_words(epoch)) return device_plain::draw_views(ids, epoch, seed, count);
  at::Tensor views = at::empty_like(ids);
  launch(ids,
         DrawViewsProgram{data_of<int64_t>(ids), data_of<int64_t>(epoch), data_of<int64_t>(views), ids.numel(),
                          static_cast<uint64_t>(seed), static_cast<uint64_t>(count), purpose_word(Purpose::view, 0)},
         ceil_of(ids.numel(), DrawViewsProgram::kThreads));
  return views;
}

at::Tensor picture_views(const at::Tensor& pixels, const at::Tensor& ids, const at::Tensor& views, int64_t padding,
                         int64_t fill, bool horizontal, bool vertical, double scale) {
  // The program numbers pixels and views in 32 bits.
  constexpr int64_t kMost = int64_t{1} << 31, kMostPadding = 1 << 13;
  const bool fits = pixels.scalar_type() == at::kByte && pixels.dim() == 4 && pixels.is_contiguous() &&
                    pixels.numel() > 0 && is_words(ids) && is_words(views) && padding < kMostPadding &&
                    ids.size(0) * (pixels.numel() / pixels.size(0)) < kMost;
  if (!fits) return device_plain::picture_views(pixels, ids, views, padding, fill, horizontal, vertical, scale);
  const int64_t channels = pixels.size(1), height = pixels.size(2), width = pixels.size(3);
  at::Tensor shown =
      at::empty({ids.size(0), channels, height, width}, pixels.options().dtype(at::kFloat), kPicturesFormat);
  const int64_t count = ids.size(0) * height * width;
  launch(pixels,
         PictureViewsProgram{data_of<uint8_t>(pixels), data_of<int64_t>(ids), data_of<int64_t>(views),
                             data_of<float>(shown), static_cast<uint32_t>(count), static_cast<int>(channels),
                             static_cast<int>(height), static_cast<int>(width), static_cast<int>(padding),
                             static_cast<int>(fill), horizontal, vertical, static_cast<float>(scale)},
         ceil_of(count, PictureViewsProgram::kThreads));
  return shown;
}

at::Tensor normalize_pictures(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation,
                              at::ScalarType type) {
  const int64_t inner = inner_of(x);
  const bool fits = inner > 0 && has_program_type(x) && (type == at::kFloat || type == at::kBFloat16) &&
                    is_float_vector(mean, x.size(1)) && is_float_vector(deviation, x.size(1));
  if (!fits) return device_plain::normalize_pictures(x, mean, deviation, type);
  at::Tensor y = at::empty_like(x, x.options().dtype(type));
  with_type(x, [&](auto from) {
    with_type(y, [&](auto to) {
      using Program = NormalizePicturesProgram<decltype(from), decltype(to)>;
      launch(
          x,
          Program{data_of<decltype(from)>(x), data_of<decltype(to)>(y), data_of<float>(mean), data_of<float>(deviation),
                  static_cast<uint32_t>(x.numel()), static_cast<uint32_t>(inner), static_cast<uint32_t>(x.size(1))},
          ceil_of(x.numel(), Program::kThreads * Program::kEach));
    });
  });
  return y;
}

at::Tensor drop_units(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t lane,
                      double probability) {
  const bool pictures = is_pictures(x) && !x.is_contiguous();
  const bool fits = x.numel() > 0 && has_program_type(x) && (pictures || x.is_contiguous()) && is_words(ids) &&
                    is_words(epoch) && x.numel() < int64_t{1} << 31;
  if (!fits) return device_plain::drop_units(x, ids, epoch, seed, lane, probability);
  at::Tensor y = at::empty_like(x);
  const int64_t rows = x.size(0), units = x.numel() / rows;
  with_type(x, [&](auto number) {
    using T = decltype(number);
    using Program = DropUnitsProgram<T>;
    const int64_t bit_blocks = ceil_of(units, Program::kUnits), channels = pictures ? x.size(1) : 1;
    const auto number_of = [](int64_t count) { return static_cast<uint32_t>(count); };
    launch(x,
           Program{data_of<T>(x), data_of<T>(y), data_of<int64_t>(ids), data_of<int64_t>(epoch), number_of(rows),
                   number_of(units), number_of(bit_blocks), number_of(channels), number_of(units / channels),
                   static_cast<uint64_t>(seed), purpose_word(Purpose::dropout, lane),
                   static_cast<uint32_t>(std::llround(probability * 65536)), static_cast<float>(1 / (1 - probability))},
           ceil_of(rows * bit_blocks, Program::kThreads));
  });
  return y;
}

void add_and_rectify(const at::Tensor& x, const MaybeTensor& bias, const MaybeTensor& shortcut, bool on, double slope,
                     double most) {
  const int64_t inner = inner_of(x);
  const bool fits = inner > 0 && has_program_type(x) && (!bias.has_value() || is_float_vector(*bias, x.size(1))) &&
                    (!shortcut.has_value() || is_alike(x, *shortcut));
  if (!fits) return device_plain::add_and_rectify(x, bias, shortcut, on, slope, most);
  at::Tensor added;
  if (shortcut.has_value()) added = is_rows(x) ? as_rows(*shortcut) : shortcut->contiguous();
  with_packs(x, inner == 1 && can_pack(x, {added}), [&](auto number, auto width) {
    using T = decltype(number);
    using Program = AddAndRectifyProgram<T, decltype(width)::value>;
    launch(x,
           Program{data_of<T>(x), bias.has_value() ? data_of<float>(*bias) : nullptr,
                   added.defined() ? data_of<T>(added) : nullptr, static_cast<uint32_t>(x.numel()),
                   static_cast<uint32_t>(inner), static_cast<uint32_t>(x.size(1)), program_rectifier(on, slope, most)},
           ceil_of(x.numel(), int64_t{Program::kThreads} * width));
  });
}

}  // namespace device_kernels
}  // namespace limbeck
