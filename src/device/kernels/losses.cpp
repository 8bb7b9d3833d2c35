// Losses, and the sums of a step, as block programs: checks, output, grid, launch.
// What a program does not support goes to the plain form.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>

#include "device/kernels/support.h"

namespace limbeck {
namespace {

constexpr int kLanes = 32;  // of a row

LossRows loss_rows(const at::Tensor& z) {
  return {z.size(0), z.size(1), power_of_2(z.size(1), kLanes)};
}

int64_t loss_blocks(const LossRows& rows) {
  return ceil_of(rows.rows, LossRows::kThreads / rows.lanes);
}

bool fits_loss(const at::Tensor& z) {
  return is_float(z) && z.dim() == 2 && z.numel() > 0;
}

at::Tensor sum_of_parts_on_device(const at::Tensor& partial, double factor) {
  at::Tensor value = at::empty({}, partial.options().dtype(at::kFloat));
  launch(partial, SumPartsProgram{data_of<double>(partial), partial.numel(), factor, data_of<float>(value)}, 1);
  return value;
}

}  // namespace

namespace device_kernels {

TwoTensors soft_target_loss(const at::Tensor& student, const at::Tensor& teacher, double temperature,
                            bool cross_entropy, double factor) {
  if (!fits_loss(student) || !is_alike(student, teacher))
    return device_plain::soft_target_loss(student, teacher, temperature, cross_entropy, factor);
  const at::Tensor z = student.contiguous(), v = teacher.contiguous();
  const LossRows rows = loss_rows(z);
  at::Tensor gradient = at::empty_like(z);
  const at::Tensor partial = at::empty({loss_blocks(rows)}, z.options().dtype(at::kDouble));
  launch(
      z,
      SoftTargetsProgram{rows, data_of<float>(z), data_of<float>(v), data_of<float>(gradient), data_of<double>(partial),
                         temperature, static_cast<float>(factor / temperature), cross_entropy},
      loss_blocks(rows));
  return {sum_of_parts_on_device(partial, factor), gradient};
}

TwoTensors label_loss(const at::Tensor& logits, const at::Tensor& labels, const MaybeTensor& partner_labels,
                      const MaybeTensor& mix) {
  const bool fits =
      fits_loss(logits) && is_words(labels) && labels.numel() == logits.size(0) &&
      (!partner_labels.has_value() || (is_words(*partner_labels) && partner_labels->numel() == logits.size(0) &&
                                       mix.has_value() && is_float_vector(*mix, logits.size(0))));
  if (!fits) return device_plain::label_loss(logits, labels, partner_labels, mix);
  const at::Tensor z = logits.contiguous();
  const LossRows rows = loss_rows(z);
  at::Tensor gradient = at::empty_like(z);
  const at::Tensor partial = at::empty({loss_blocks(rows)}, z.options().dtype(at::kDouble));
  const bool pairs = partner_labels.has_value();
  launch(z,
         LabelLossProgram{rows, data_of<float>(z), data_of<int64_t>(labels),
                          pairs ? data_of<int64_t>(*partner_labels) : nullptr, pairs ? data_of<float>(*mix) : nullptr,
                          data_of<float>(gradient), data_of<double>(partial)},
         loss_blocks(rows));
  return {sum_of_parts_on_device(partial, 1), gradient};
}

void add_step(const at::Tensor& sums, const at::Tensor& state, const at::Tensor& failed, const at::Tensor& rates,
              const at::Tensor& rate, const at::Tensor& terms, const at::Tensor& weights, const at::Tensor& logits,
              const at::Tensor& labels, at::IntArrayRef needs_labels, int64_t networks) {
  constexpr int64_t kSmall = 1 << 15;  // logits that one block reads by itself
  const auto count = static_cast<int64_t>(needs_labels.size());
  const bool fits = count <= AddStepProgram<float>::kMostTerms && has_program_type(logits) && logits.dim() == 2 &&
                    logits.is_contiguous() && is_words(labels) && labels.numel() == logits.size(0) &&
                    is_float_vector(terms, count) && is_float_vector(weights, count) &&
                    is_float_vector(failed, 1 + count) && is_words(state) && sums.scalar_type() == at::kDouble &&
                    sums.is_contiguous() && sums.numel() == 4 + 2 * count && is_float(rates) && rates.is_contiguous() &&
                    rates.numel() > 0 && is_float(rate);
  if (!fits)
    return device_plain::add_step(sums, state, failed, rates, rate, terms, weights, logits, labels, needs_labels,
                                  networks);
  with_type(logits, [&](auto number) {
    using T = decltype(number);
    const LogitRows<T> rows{data_of<T>(logits), data_of<int64_t>(labels), logits.size(0), logits.size(1)};
    AddStepProgram<T> program{rows,
                              nullptr,
                              0,
                              data_of<double>(sums),
                              data_of<int64_t>(state),
                              data_of<float>(failed),
                              data_of<float>(rates),
                              data_of<float>(terms),
                              data_of<float>(weights),
                              data_of<float>(rate),
                              rates.numel(),
                              networks,
                              static_cast<int>(count),
                              0};
    for (int64_t i = 0; i < count; ++i)
      if (needs_labels[static_cast<size_t>(i)] != 0) program.needs_labels |= uint64_t{1} << i;
    at::Tensor partial;
    if (logits.numel() > kSmall) {
      const int lanes = power_of_2(logits.size(1), kLanes);
      program.pieces = ceil_of(logits.size(0), CountErrorsProgram<T>::kThreads / lanes);
      partial = at::empty({program.pieces, 2}, labels.options());
      program.partial = data_of<int64_t>(partial);
      launch(logits, CountErrorsProgram<T>{rows, lanes, data_of<int64_t>(partial)}, program.pieces);
    }
    launch(logits, program, 1);
  });
}

}  // namespace device_kernels
}  // namespace limbeck
