#pragma once
// The operators as the dispatcher knows them: one signature for the plain form and for the kernels. operators.h says
// what they do.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace limbeck {

/// LibTorch's optional tensor: c10::optional in 1.13, std::optional in 2.x.
using MaybeTensor = decltype(std::declval<const c10::IValue&>().toOptional<at::Tensor>());
using MaybeTensors = c10::List<MaybeTensor>;
using TwoTensors = std::tuple<at::Tensor, at::Tensor>;
using ThreeTensors = std::tuple<at::Tensor, at::Tensor, at::Tensor>;
using FourTensors = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

/// The tensor, undefined where there is none.
inline at::Tensor tensor_or_undefined(const MaybeTensor& tensor) {
  return tensor.has_value() ? *tensor : at::Tensor();
}

/// Tensor operations, on any device.
namespace device_plain {

// batch_norm_forward returns y, and the mean and 1 / √(variance + ε) of the batch; batch_norm_backward, of one
// gradient or the sum of two, those of x, weight, bias and, where something was added, of that. The losses return value
// and gradient.
at::Tensor draw_views(const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t count);
at::Tensor picture_views(const at::Tensor& pixels, const at::Tensor& ids, const at::Tensor& views, int64_t padding,
                         int64_t fill, bool horizontal, bool vertical, double scale);
at::Tensor normalize_pictures(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation,
                              at::ScalarType type);
at::Tensor drop_units(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t lane,
                      double probability);
ThreeTensors batch_norm_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& running_mean, const at::Tensor& running_variance, double momentum,
                                double epsilon, const MaybeTensor& added, bool on, double slope, double most);
FourTensors batch_norm_backward(const at::Tensor& gradient, const MaybeTensor& of_twin, const at::Tensor& x,
                                const at::Tensor& y, const at::Tensor& weight, const at::Tensor& mean,
                                const at::Tensor& inverse, bool adds, bool on, double slope, double most);
void add_and_rectify(const at::Tensor& x, const MaybeTensor& bias, const MaybeTensor& added, bool on, double slope,
                     double most);
TwoTensors soft_target_loss(const at::Tensor& z, const at::Tensor& v, double temperature, bool cross_entropy,
                            double factor);
TwoTensors label_loss(const at::Tensor& z, const at::Tensor& labels, const MaybeTensor& partner_labels,
                      const MaybeTensor& mix);
void add_step(const at::Tensor& sums, const at::Tensor& state, const at::Tensor& failed, const at::Tensor& rates,
              const at::Tensor& rate, const at::Tensor& terms, const at::Tensor& weights, const at::Tensor& logits,
              const at::Tensor& labels, at::IntArrayRef needs_labels, int64_t networks);
void sgd_update(at::TensorList values, at::TensorList momenta, at::TensorList gradients, const MaybeTensors& rounded,
                const at::Tensor& rate, const at::Tensor& state, double decay, double momentum, bool nesterov);
void adam_update(at::TensorList values, at::TensorList means, at::TensorList squares, at::TensorList gradients,
                 const MaybeTensors& rounded, const at::Tensor& steps, const at::Tensor& rate, const at::Tensor& state,
                 double beta1, double beta2, double epsilon, double decay, bool decoupled);

}  // namespace device_plain

#define LIMBECK_FOR_EACH_DEVICE_OPERATOR(DO) \
  DO(draw_views)                             \
  DO(picture_views)                          \
  DO(normalize_pictures)                     \
  DO(drop_units)                             \
  DO(batch_norm_forward)                     \
  DO(batch_norm_backward)                    \
  DO(add_and_rectify) DO(soft_target_loss) DO(label_loss) DO(add_step) DO(sgd_update) DO(adam_update)

/// Block programs, launched on the device of the tensors (launch.h). What they do not support they leave to the plain
/// form.
namespace device_kernels {
#define LIMBECK_DECLARE(name) decltype(device_plain::name) name;
LIMBECK_FOR_EACH_DEVICE_OPERATOR(LIMBECK_DECLARE)
#undef LIMBECK_DECLARE
}  // namespace device_kernels

}  // namespace limbeck
