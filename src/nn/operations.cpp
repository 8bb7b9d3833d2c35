#include "nn/operations.h"

#include <torch/types.h>

#include "nn/dropout.h"
#include "nn/network.h"
#include "nn/quantization.h"

namespace limbeck {
namespace {

class Runner {
 public:
  Runner(const std::vector<torch::Tensor>& inputs, const OperationContext& context) : inputs_(inputs), context_(context) {}

  torch::Tensor operator()(const Linear& op) const {
    const torch::Tensor weight = op.rounds ? rounded_weight(parameter(0)) : parameter(0);
    return torch::linear(x(), weight, op.bias ? parameter(1) : torch::Tensor());
  }
  torch::Tensor operator()(const Convolution& op) const {
    const torch::Tensor weight = op.rounds ? rounded_weight(parameter(0)) : parameter(0);
    return torch::conv2d(x(), weight, op.bias ? parameter(1) : torch::Tensor(), op.stride, op.padding, 1, op.groups);
  }
  torch::Tensor operator()(const BatchNorm& op) const {
    return torch::batch_norm(x(), parameter(0), parameter(1), context_.buffers.at(0), context_.buffers.at(1), context_.noise != nullptr,
                             op.momentum, op.epsilon, /*cudnn_enabled=*/true);
  }
  torch::Tensor operator()(const Relu&) const { return torch::relu(x()); }
  torch::Tensor operator()(const Relu6&) const { return torch::hardtanh(x(), 0, 6); }  // as PyTorch: no gradient at 0 and 6
  torch::Tensor operator()(const LeakyRelu& op) const { return torch::leaky_relu(x(), op.slope); }
  torch::Tensor operator()(const MaxPool& op) const {
    return torch::max_pool2d(x(), op.kernel, op.stride, op.padding, /*dilation=*/1, op.ceil);
  }
  torch::Tensor operator()(const AveragePool& op) const { return torch::avg_pool2d(x(), op.kernel, op.stride, op.padding); }
  torch::Tensor operator()(const GlobalAveragePool& op) const { return x().mean({2, 3}, /*keepdim=*/!op.flat); }
  torch::Tensor operator()(const Add&) const {
    torch::Tensor sum = inputs_[0] + inputs_[1];
    for (size_t i = 2; i < inputs_.size(); ++i) sum = sum + inputs_[i];
    return sum;
  }
  torch::Tensor operator()(const Concatenate&) const { return torch::cat(inputs_, 1); }
  torch::Tensor operator()(const Slice& op) const { return x().slice(1, op.begin, op.end); }
  torch::Tensor operator()(const ChannelShuffle& op) const {
    const int64_t n = x().size(0), channels = x().size(1), height = x().size(2), width = x().size(3);
    return x().reshape({n, op.groups, channels / op.groups, height, width}).transpose(1, 2).reshape({n, channels, height, width});
  }
  torch::Tensor operator()(const Dropout& op) const {
    return context_.noise == nullptr || op.probability == 0 ? x() : dropout(x(), op, *context_.noise);
  }
  torch::Tensor operator()(const Flatten&) const { return x().flatten(1); }
  torch::Tensor operator()(const Normalize& op) const {
    const auto per_channel = [&](const std::vector<double>& values) {  // made on the device, which is not waited for
      std::vector<torch::Tensor> numbers;
      for (const double value : values) numbers.push_back(torch::full({1, 1, 1}, value, x().options()));
      return torch::cat(numbers);
    };
    return (x() - per_channel(op.mean)) / per_channel(op.deviation);
  }
  torch::Tensor operator()(const Resize& op) const {
    if (x().size(2) == op.height && x().size(3) == op.width) return x();
    return at::_upsample_bilinear2d_aa(x(), {op.height, op.width}, /*align_corners=*/false, c10::nullopt, c10::nullopt);
  }
  torch::Tensor operator()(const Quantize&) const { return rounded_activation(x(), context_.buffers.at(0), context_.buffers.at(1)); }

 private:
  const torch::Tensor& x() const { return inputs_.front(); }
  const torch::Tensor& parameter(size_t place) const { return context_.parameters.at(place); }

  const std::vector<torch::Tensor>& inputs_;
  const OperationContext& context_;
};

}  // namespace

ResizeWeights resize_weights(const Resize& resize, const Shape& input) {
  const auto of_axis = [](int64_t from, int64_t to) {  // what unit vectors become, [from, to]
    return run_operation(Resize{1, to}, {torch::eye(from, torch::kFloat32).reshape({1, from, 1, from})}, {}).reshape({from, to});
  };
  return {of_axis(input[1], resize.height).t().contiguous(), of_axis(input[2], resize.width)};
}

torch::Tensor run_operation(const Operation& operation, const std::vector<torch::Tensor>& inputs, const OperationContext& context) {
  return std::visit(Runner(inputs, context), operation);
}

}  // namespace limbeck
