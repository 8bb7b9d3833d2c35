// The operators as tensor operations: the reference, and what devices without kernels run. Nothing here reads a value
// on the host.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/var_mean.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <limits>
#include <vector>

#include "device/implementations.h"
#include "device/operators.h"

namespace limbeck {
namespace {

enum PictureFill : int64_t { kFillZero, kFillEdge, kFillReflect };

/// [C] for tensors [N, C, …].
at::Tensor per_channel(const at::Tensor& values, const at::Tensor& like) {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[1] = -1;
  return values.reshape(shape);
}

/// All dimensions but that of the channels.
std::vector<int64_t> all_but_channels(const at::Tensor& x) {
  std::vector<int64_t> dimensions = {0};
  for (int64_t i = 2; i < x.dim(); ++i) dimensions.push_back(i);
  return dimensions;
}

at::Tensor plain_rectified(const at::Tensor& x, bool on, double slope, double most) {
  return on ? at::where(x.gt(0), x.clamp_max(most), x * slope) : x;
}

/// Which of n pixels stand at places [N, n] of the padded row.
at::Tensor pixels_at(const at::Tensor& places, int64_t n, int64_t fill) {
  if (fill == kFillReflect) return (n - 1) - ((n - 1) - places.abs()).abs();
  return places.clamp(0, n - 1);
}

at::Tensor plain_log_softmax(const at::Tensor& z, double temperature) {
  const at::Tensor shifted = z.to(at::kDouble) - z.amax(1, true);
  return at::log_softmax((shifted / temperature).to(at::kFloat), 1);
}

}  // namespace

namespace device_plain {

at::Tensor picture_views(const at::Tensor& pixels, const at::Tensor& ids, const at::Tensor& views, int64_t padding,
                         int64_t fill, bool horizontal, bool vertical, double scale) {
  const int64_t count = ids.size(0), channels = pixels.size(1), height = pixels.size(2), width = pixels.size(3);
  const int64_t side = 2 * padding + 1, horizontal_views = horizontal ? 2 : 1;
  const at::Tensor window = views.remainder(side * side), flips = views.div(side * side, "floor");
  /// Places [N, n] of the padded picture that a view shows, where `flipped` from the last to the first.
  const auto places_of = [&](int64_t n, const at::Tensor& moved, const at::Tensor& flipped) {
    const at::Tensor to = at::arange(n, views.options()).unsqueeze(0);
    const at::Tensor turned = to + flipped.unsqueeze(1) * (n - 1 - 2 * to);
    return turned + moved.unsqueeze(1) - padding;
  };
  const at::Tensor mirrored = flips.remainder(horizontal_views), turned = flips.div(horizontal_views, "floor");
  const at::Tensor y = places_of(height, window.div(side, "floor"), vertical ? turned : turned * 0);
  const at::Tensor x = places_of(width, window.remainder(side), mirrored);
  const std::vector<int64_t> shape = {count, channels, height, width};
  const at::Tensor rows = pixels_at(y, height, fill).reshape({count, 1, height, 1}).expand(shape);
  const at::Tensor columns = pixels_at(x, width, fill).reshape({count, 1, 1, width}).expand(shape);
  at::Tensor shown = pixels.index_select(0, ids).gather(2, rows).gather(3, columns);
  if (padding > 0 && fill == kFillZero) {
    const at::Tensor inside = y.ge(0).logical_and(y.lt(height)).reshape({count, 1, height, 1}) *
                              x.ge(0).logical_and(x.lt(width)).reshape({count, 1, 1, width});
    shown = shown * inside;
  }
  return (shown.to(at::kFloat) * scale).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor normalize_pictures(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation,
                              at::ScalarType type) {
  return ((x.to(at::kFloat) - per_channel(mean, x)) / per_channel(deviation, x)).to(type);
}

ThreeTensors batch_norm_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& running_mean, const at::Tensor& running_variance, double momentum,
                                double epsilon, const MaybeTensor& added, bool on, double slope, double most) {
  const at::Tensor values = x.to(at::kFloat);
  const auto [variance, mean] = at::var_mean(values, all_but_channels(x), /*unbiased=*/false);
  const int64_t count = x.numel() / x.size(1);
  const auto rows = static_cast<double>(count);
  running_mean.mul_(1 - momentum).add_(mean, momentum);
  running_variance.mul_(1 - momentum).add_(variance, momentum * (rows > 1 ? rows / (rows - 1) : 1));
  const at::Tensor inverse = (variance + epsilon).rsqrt(), scale = weight * inverse, shift = bias - mean * scale;
  at::Tensor y = values * per_channel(scale, x) + per_channel(shift, x);
  if (added.has_value()) y = y + added->to(at::kFloat);
  return {plain_rectified(y, on, slope, most).to(x.scalar_type()), mean, inverse};
}

FourTensors batch_norm_backward(const at::Tensor& gradient, const MaybeTensor& of_twin, const at::Tensor& x,
                                const at::Tensor& y, const at::Tensor& weight, const at::Tensor& mean,
                                const at::Tensor& inverse, bool adds, bool on, double slope, double most) {
  const int64_t count = x.numel() / x.size(1);
  const auto rows = static_cast<double>(count);
  const std::vector<int64_t> dimensions = all_but_channels(x);
  at::Tensor passed = gradient.to(at::kFloat);
  if (of_twin.has_value()) passed = passed + of_twin->to(at::kFloat);
  if (on) passed = at::where(y.gt(0), at::where(y.lt(most), passed, at::zeros_like(passed)), passed * slope);
  const at::Tensor centred = x.to(at::kFloat) - per_channel(mean, x);
  const at::Tensor of_bias = passed.sum(dimensions), of_weight = (passed * centred).sum(dimensions) * inverse;
  const at::Tensor scale = weight * inverse;
  const at::Tensor of_x = per_channel(scale, x) * (passed - per_channel(of_bias / rows, x) -
                                                   centred * per_channel(inverse * of_weight / rows, x));
  return {of_x.to(x.scalar_type()), of_weight, of_bias, adds ? passed.to(x.scalar_type()) : at::Tensor()};
}

void add_and_rectify(const at::Tensor& x, const MaybeTensor& bias, const MaybeTensor& added, bool on, double slope,
                     double most) {
  at::Tensor sum = x.to(at::kFloat);
  if (bias.has_value()) sum = sum + per_channel(*bias, x);
  if (added.has_value()) sum = sum + added->to(at::kFloat);
  x.copy_(plain_rectified(sum, on, slope, most));
}

TwoTensors soft_target_loss(const at::Tensor& z, const at::Tensor& v, double temperature, bool cross_entropy,
                            double factor) {
  const at::Tensor log_p = plain_log_softmax(v, temperature), log_q = plain_log_softmax(z, temperature);
  const at::Tensor p = log_p.exp(), compared = cross_entropy ? -log_q : log_p - log_q;
  const at::Tensor value = (p * compared).to(at::kDouble).sum() * factor;
  return {value.to(at::kFloat), (log_q.exp() - p) * (factor / temperature)};
}

TwoTensors label_loss(const at::Tensor& z, const at::Tensor& labels, const MaybeTensor& partner_labels,
                      const MaybeTensor& mix) {
  const at::Tensor log_q = plain_log_softmax(z, 1), classes = at::arange(z.size(1), labels.options()).unsqueeze(0);
  at::Tensor targets = at::zeros_like(log_q), weights = targets.select(1, 0) * 0;
  const auto add = [&](const at::Tensor& of, const at::Tensor& share) {
    const at::Tensor weight = at::where(of.ge(0), share, at::zeros_like(share));
    const at::Tensor known = at::where(of.lt(z.size(1)), weight, weight * std::numeric_limits<float>::quiet_NaN());
    weights = weights + known;
    targets = targets + classes.eq(of.unsqueeze(1)) * weight.unsqueeze(1);
  };
  const at::Tensor all = weights + 1;
  add(labels, mix.has_value() ? mix->to(at::kFloat) : all);
  if (partner_labels.has_value()) add(*partner_labels, 1 - mix->to(at::kFloat));
  const at::Tensor sum = weights.to(at::kDouble).sum(), divisor = at::where(sum.eq(0), sum + 1, sum);
  const at::Tensor value = at::where(targets.eq(0), targets, targets * -log_q).to(at::kDouble).sum() / divisor;
  return {value.to(at::kFloat), (weights.unsqueeze(1) * log_q.exp() - targets) / divisor.to(at::kFloat)};
}

void add_step(const at::Tensor& sums, const at::Tensor& state, const at::Tensor& failed, const at::Tensor& rates,
              const at::Tensor& rate, const at::Tensor& terms, const at::Tensor& weights, const at::Tensor& logits,
              const at::Tensor& labels, at::IntArrayRef needs_labels, int64_t networks) {
  const at::Tensor step = state.select(0, 0), failure = state.select(0, 1);
  const at::Tensor total = (terms * weights).sum() * static_cast<double>(networks);
  rate.copy_(rates.index_select(0, step.clamp(0, rates.size(0) - 1).reshape({1})).squeeze(0));
  const at::Tensor running = failure.lt(0), finite = at::isfinite(total);
  const at::Tensor has_label = labels.ge(0), wrong = logits.argmax(1).ne(labels).logical_and(has_label);
  const at::Tensor labelled = has_label.sum().to(at::kDouble), examples = labelled * 0 + labels.size(0);
  const at::Tensor exact = terms.to(at::kDouble);
  std::vector<at::Tensor> change = {examples, total.to(at::kDouble) * examples / static_cast<double>(networks),
                                    labelled, wrong.sum().to(at::kDouble)};
  for (size_t i = 0; i < needs_labels.size(); ++i) {
    const at::Tensor& count = needs_labels[i] != 0 ? labelled : examples;
    change.push_back(exact.select(0, static_cast<int64_t>(i)) * count);
    change.push_back(count);
  }
  sums.copy_(at::where(running.logical_and(finite), sums + at::stack(change), sums));
  const at::Tensor fails = running.logical_and(finite.logical_not());
  failed.copy_(at::where(fails, at::cat({total.reshape({1}), terms}), failed));
  state.copy_(at::stack({step + 1, at::where(fails, step, failure)}));
}

void sgd_update(at::TensorList values, at::TensorList momenta, at::TensorList gradients, const MaybeTensors& rounded,
                const at::Tensor& rate, const at::Tensor& state, double decay, double momentum, bool nesterov) {
  const at::Tensor active = state.select(0, 1).lt(0);
  for (size_t i = 0; i < values.size(); ++i) {
    const at::Tensor &w = values[i], &m = momenta[i];
    const at::Tensor pulled = gradients[i].to(at::kFloat) + w * decay, next = m * momentum + pulled;
    w.copy_(at::where(active, w - rate * (nesterov ? pulled + next * momentum : next), w));
    m.copy_(at::where(active, next, m));
    if (rounded.empty()) continue;
    const MaybeTensor copy = rounded.get(i);
    if (copy.has_value() && copy->defined()) copy->copy_(at::where(active, w.to(copy->scalar_type()), *copy));
  }
}

void adam_update(at::TensorList values, at::TensorList means, at::TensorList squares, at::TensorList gradients,
                 const MaybeTensors& rounded, const at::Tensor& steps, const at::Tensor& rate, const at::Tensor& state,
                 double beta1, double beta2, double epsilon, double decay, bool decoupled) {
  const at::Tensor active = state.select(0, 1).lt(0), count = steps.select(0, 0).to(at::kDouble);
  const at::Tensor exact_rate = rate.to(at::kDouble);
  const at::Tensor by = (exact_rate / (1 - at::pow(beta1, count))).to(at::kFloat),
                   root_scale = (1 - at::pow(beta2, count)).rsqrt().to(at::kFloat),
                   shrink = (1 - exact_rate * (decoupled ? decay : 0)).to(at::kFloat);
  for (size_t i = 0; i < values.size(); ++i) {
    const at::Tensor &w = values[i], &m = means[i], &v = squares[i];
    const at::Tensor pulled = gradients[i].to(at::kFloat) + w * (decoupled ? 0 : decay);
    const at::Tensor mean = m * beta1 + pulled * (1 - beta1), square = v * beta2 + pulled * pulled * (1 - beta2);
    const at::Tensor next = w * shrink - by * mean / (square.sqrt() * root_scale + epsilon);
    m.copy_(at::where(active, mean, m));
    v.copy_(at::where(active, square, v));
    w.copy_(at::where(active, next, w));
    if (rounded.empty()) continue;
    const MaybeTensor copy = rounded.get(i);
    if (copy.has_value() && copy->defined()) copy->copy_(at::where(active, w.to(copy->scalar_type()), *copy));
  }
}

}  // namespace device_plain
}  // namespace limbeck
