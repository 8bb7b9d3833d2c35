#include "kernels/shared_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <algorithm>

#include "device/autograd_function.h"

namespace limbeck {
namespace {

/// Per channel, [C] float64.
at::Tensor sum_of(const at::Tensor& values) {
  std::vector<int64_t> axes = {0};
  for (int64_t axis = 2; axis < values.dim(); ++axis) axes.push_back(axis);
  return values.sum(axes, /*keepdim=*/false, at::kDouble);
}

/// [C] in the type and the shape in which it meets x [N, C, …].
at::Tensor along_channels(const at::Tensor& of_channels, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  return of_channels.to(x.scalar_type()).reshape(shape);
}

struct SharedBatchNorm : torch::autograd::Function<SharedBatchNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const BatchNorm& op, const NormTensors& norm,
                            const SumOverProcesses& sum) {
    const int64_t channels = x.size(1);
    const at::Tensor exact = x.to(at::kDouble);
    const at::Tensor own_count =
        at::full({1}, static_cast<double>(x.numel()) / static_cast<double>(channels), at::kDouble);
    const at::Tensor sums = at::cat({sum_of(exact), own_count});
    sum(sums);
    const double count = sums[channels].item<double>();
    const at::Tensor mean = sums.narrow(0, 0, channels) / count;
    at::Tensor squares = sum_of((exact - along_channels(mean, exact)).square());
    sum(squares);
    const at::Tensor variance = squares / count, scale = (variance + op.epsilon).rsqrt();
    at::Tensor running_mean = norm.running_mean, running_variance = norm.running_variance;
    running_mean.lerp_(mean.to(running_mean.scalar_type()), op.momentum);
    running_variance.lerp_((squares / std::max(count - 1, 1.0)).to(running_variance.scalar_type()), op.momentum);
    const at::Tensor normalized =
        ((exact - along_channels(mean, exact)) * along_channels(scale, exact)).to(x.scalar_type());
    context->save_for_backward({normalized, weight, scale});
    context->saved_data["numbers"] = count;
    context->saved_data["sum"] = reinterpret_cast<int64_t>(&sum);
    return normalized * along_channels(weight, x) + along_channels(bias, x);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &normalized = saved[0], &weight = saved[1], &scale = saved[2], &g = gradients[0];
    const auto& sum = *reinterpret_cast<const SumOverProcesses*>(context->saved_data["sum"].toInt());
    const double count = context->saved_data["numbers"].toDouble();
    const int64_t channels = g.size(1);
    const at::Tensor of_bias = sum_of(g), of_weight = sum_of(g * normalized);
    const at::Tensor all = at::cat({of_bias, of_weight});
    sum(all);
    const at::Tensor means = all / count;
    const at::Tensor centered = g - along_channels(means.narrow(0, 0, channels), g) -
                                normalized * along_channels(means.narrow(0, channels, channels), g);
    const at::Tensor of_x = centered * along_channels(scale * weight.to(at::kDouble), g);
    return {of_x, of_weight.to(weight.scalar_type()), of_bias.to(weight.scalar_type()), {}, {}, {}};
  }
};

}  // namespace

at::Tensor shared_batch_norm(const BatchNorm& op, const at::Tensor& x, const NormTensors& norm,
                             const SumOverProcesses& sum) {
  return SharedBatchNorm::apply(x, norm.weight, norm.bias, op, norm, sum);
}

}  // namespace limbeck
