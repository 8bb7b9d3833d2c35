// Updates of parameters, as block programs: checks, output, grid, launch.
// What a program does not support goes to the plain form.
#include <ATen/ops/empty_strided.h>

#include <vector>

#include "device/kernels/support.h"

namespace limbeck {
namespace {

bool is_dense_float(const at::Tensor& tensor) {
  return is_float(tensor) && tensor.is_non_overlapping_and_dense();
}

/// The gradient in the order of the parameter's elements.
at::Tensor gradient_like(const at::Tensor& gradient, const at::Tensor& value) {
  if (gradient.strides() == value.strides()) return gradient;
  return at::empty_strided(value.sizes(), value.strides(), gradient.options()).copy_(gradient);
}

at::Tensor rounded_at(const MaybeTensors& rounded, size_t i) {
  return rounded.empty() ? at::Tensor() : tensor_or_undefined(rounded.get(i));
}

/// Whether a parameter's other tensor has its elements in the same order.
bool goes_with(const at::Tensor& value, const at::Tensor& other) {
  return other.sizes() == value.sizes() && other.strides() == value.strides();
}

/// second, rounded: may be undefined.
bool fits_update(const at::Tensor& value, const at::Tensor& first, const at::Tensor& second, const at::Tensor& gradient,
                 const at::Tensor& rounded) {
  return is_dense_float(value) && value.numel() < int64_t{1} << 32 && is_float(first) && goes_with(value, first) &&
         (!second.defined() || (is_float(second) && goes_with(value, second))) &&
         (!rounded.defined() || (is_narrow(rounded) && goes_with(value, rounded))) && has_program_type(gradient) &&
         gradient.sizes() == value.sizes();
}

/// Launches the program on the parameters, as many at once as its list holds. second: empty, or like first. Returns the
/// indices of those that it does not support.
template <class Program>
std::vector<size_t> launch_updates(Program program, at::TensorList values, at::TensorList first, at::TensorList second,
                                   at::TensorList gradients, const MaybeTensors& rounded) {
  std::vector<size_t> others;
  std::vector<at::Tensor> kept;  // until the launch
  UpdateList& list = program.list;
  list = UpdateList{};
  const auto flush = [&] {
    if (list.count > 0) launch(values[0], program, list.first_blocks[list.count]);
    list = UpdateList{};
  };
  for (size_t i = 0; i < values.size(); ++i) {
    const at::Tensor copy = rounded_at(rounded, i), other = second.empty() ? at::Tensor() : second[i];
    if (!fits_update(values[i], first[i], other, gradients[i], copy)) {
      others.push_back(i);
      continue;
    }
    if (values[i].numel() == 0) continue;
    kept.push_back(gradient_like(gradients[i], values[i]));
    if (list.count == UpdateList::kMost) flush();
    const int at = list.count++;
    list.parameters[at] = {data_of<float>(values[i]),
                           data_of<float>(first[i]),
                           other.defined() ? data_of<float>(other) : nullptr,
                           kept.back().data_ptr(),
                           copy.defined() ? data_of<Bfloat16>(copy) : nullptr,
                           static_cast<uint32_t>(values[i].numel()),
                           is_narrow(kept.back())};
    list.first_blocks[at + 1] =
        list.first_blocks[at] + static_cast<uint32_t>(ceil_of(values[i].numel(), UpdateList::kElements));
  }
  flush();
  return others;
}

std::vector<at::Tensor> chosen_tensors(at::TensorList all, const std::vector<size_t>& indices) {
  std::vector<at::Tensor> chosen;
  chosen.reserve(indices.size());
  for (const size_t i : indices) chosen.push_back(all[i]);
  return chosen;
}

MaybeTensors chosen_rounded(const MaybeTensors& all, const std::vector<size_t>& indices) {
  MaybeTensors chosen;
  if (all.empty()) return chosen;
  for (const size_t i : indices) chosen.push_back(all.get(i));
  return chosen;
}

bool fits_step(const at::Tensor& rate, const at::Tensor& state) {
  return is_float(rate) && rate.numel() == 1 && is_words(state) && state.numel() == 2;
}

}  // namespace

namespace device_kernels {

void sgd_update(at::TensorList values, at::TensorList momenta, at::TensorList gradients, const MaybeTensors& rounded,
                const at::Tensor& rate, const at::Tensor& state, double decay, double momentum, bool nesterov) {
  if (!fits_step(rate, state))
    return device_plain::sgd_update(values, momenta, gradients, rounded, rate, state, decay, momentum, nesterov);
  const auto mu = static_cast<float>(momentum);
  const SgdUpdateProgram program{{}, data_of<float>(rate),   data_of<int64_t>(state), static_cast<float>(decay),
                                 mu, nesterov ? 1.0F : 0.0F, nesterov ? mu : 1.0F};
  const std::vector<size_t> others = launch_updates(program, values, momenta, {}, gradients, rounded);
  if (!others.empty())
    device_plain::sgd_update(chosen_tensors(values, others), chosen_tensors(momenta, others),
                             chosen_tensors(gradients, others), chosen_rounded(rounded, others), rate, state, decay,
                             momentum, nesterov);
}

void adam_update(at::TensorList values, at::TensorList means, at::TensorList squares, at::TensorList gradients,
                 const MaybeTensors& rounded, const at::Tensor& steps, const at::Tensor& rate, const at::Tensor& state,
                 double beta1, double beta2, double epsilon, double decay, bool decoupled) {
  if (!fits_step(rate, state) || !is_words(steps))
    return device_plain::adam_update(values, means, squares, gradients, rounded, steps, rate, state, beta1, beta2,
                                     epsilon, decay, decoupled);
  const AdamUpdateProgram program{{},
                                  data_of<float>(rate),
                                  data_of<int64_t>(steps),
                                  data_of<int64_t>(state),
                                  beta1,
                                  beta2,
                                  decay,
                                  static_cast<float>(epsilon),
                                  decoupled};
  const std::vector<size_t> others = launch_updates(program, values, means, squares, gradients, rounded);
  if (!others.empty())
    device_plain::adam_update(chosen_tensors(values, others), chosen_tensors(means, others),
                              chosen_tensors(squares, others), chosen_tensors(gradients, others),
                              chosen_rounded(rounded, others), steps, rate, state, beta1, beta2, epsilon, decay,
                              decoupled);
}

}  // namespace device_kernels
}  // namespace limbeck
