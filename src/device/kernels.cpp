#include "device/implementations.h"

namespace limbeck::device_kernels {

at::Tensor draw_views(const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t count) {
  return device_plain::draw_views(ids, epoch, seed, count);
}
at::Tensor picture_views(const at::Tensor& pixels, const at::Tensor& ids, const at::Tensor& views, int64_t padding,
                         int64_t fill, bool horizontal, bool vertical, double scale) {
  return device_plain::picture_views(pixels, ids, views, padding, fill, horizontal, vertical, scale);
}
at::Tensor normalize_pictures(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation,
                              at::ScalarType type) {
  return device_plain::normalize_pictures(x, mean, deviation, type);
}
at::Tensor drop_units(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t lane,
                      double probability) {
  return device_plain::drop_units(x, ids, epoch, seed, lane, probability);
}
ThreeTensors batch_norm_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& running_mean, const at::Tensor& running_variance, double momentum,
                                double epsilon, const MaybeTensor& added, bool on, double slope, double most) {
  return device_plain::batch_norm_forward(x, weight, bias, running_mean, running_variance, momentum, epsilon, added, on,
                                          slope, most);
}
FourTensors batch_norm_backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& y,
                                const at::Tensor& weight, const at::Tensor& mean, const at::Tensor& inverse, bool adds,
                                bool on, double slope, double most) {
  return device_plain::batch_norm_backward(gradient, x, y, weight, mean, inverse, adds, on, slope, most);
}
void add_and_rectify(const at::Tensor& x, const MaybeTensor& bias, const MaybeTensor& added, bool on, double slope,
                     double most) {
  return device_plain::add_and_rectify(x, bias, added, on, slope, most);
}
TwoTensors soft_target_loss(const at::Tensor& z, const at::Tensor& v, double temperature, bool cross_entropy,
                            double factor) {
  return device_plain::soft_target_loss(z, v, temperature, cross_entropy, factor);
}
TwoTensors label_loss(const at::Tensor& z, const at::Tensor& labels, const MaybeTensor& partner_labels,
                      const MaybeTensor& mix) {
  return device_plain::label_loss(z, labels, partner_labels, mix);
}
void add_step(const at::Tensor& sums, const at::Tensor& state, const at::Tensor& failed, const at::Tensor& rates,
              const at::Tensor& rate, const at::Tensor& values, const at::Tensor& logits, const at::Tensor& labels,
              at::IntArrayRef needs_labels, int64_t networks) {
  return device_plain::add_step(sums, state, failed, rates, rate, values, logits, labels, needs_labels, networks);
}
void sgd_update(at::TensorList values, at::TensorList momenta, at::TensorList gradients, const MaybeTensors& rounded,
                const at::Tensor& rate, const at::Tensor& state, double decay, double momentum, bool nesterov) {
  return device_plain::sgd_update(values, momenta, gradients, rounded, rate, state, decay, momentum, nesterov);
}
void adam_update(at::TensorList values, at::TensorList means, at::TensorList squares, at::TensorList gradients,
                 const MaybeTensors& rounded, const at::Tensor& steps, const at::Tensor& rate, const at::Tensor& state,
                 double beta1, double beta2, double epsilon, double decay, bool decoupled) {
  return device_plain::adam_update(values, means, squares, gradients, rounded, steps, rate, state, beta1, beta2,
                                   epsilon, decay, decoupled);
}

}  // namespace limbeck::device_kernels
