#include "kernels/plain_operations.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/relu.h>

#include "kernels/byte_rounding.h"
#include "kernels/dropout.h"

namespace limbeck {
namespace {

class Runner {
 public:
  Runner(const std::vector<at::Tensor>& inputs, const OperationContext& context) : inputs_(inputs), context_(context) {}

  at::Tensor operator()(const Linear& op) const {
    const at::Tensor weight = op.rounds ? round_weight(parameter(0)) : parameter(0);
    return at::linear(x(), weight, op.bias ? parameter(1) : at::Tensor());
  }
  at::Tensor operator()(const Convolution& op) const {
    const at::Tensor weight = op.rounds ? round_weight(parameter(0)) : parameter(0);
    return at::conv2d(x(), weight, op.bias ? parameter(1) : at::Tensor(), op.stride, op.padding, 1, op.groups);
  }
  at::Tensor operator()(const BatchNorm& op) const {
    return at::batch_norm(x(), parameter(0), parameter(1), context_.buffers.at(0), context_.buffers.at(1),
                          context_.noise != nullptr, op.momentum, op.epsilon, /*cudnn_enabled=*/true);
  }
  at::Tensor operator()(const Relu&) const { return at::relu(x()); }
  at::Tensor operator()(const Relu6&) const { return at::hardtanh(x(), 0, 6); }  // as PyTorch: no gradient at 0 and 6
  at::Tensor operator()(const LeakyRelu& op) const { return at::leaky_relu(x(), op.slope); }
  at::Tensor operator()(const Maxout& op) const {
    const std::vector<at::Tensor> pieces = x().chunk(op.pieces, 1);
    at::Tensor largest = pieces.front();
    for (size_t i = 1; i < pieces.size(); ++i) largest = at::maximum(largest, pieces[i]);
    return largest;
  }
  at::Tensor operator()(const MaxPool& op) const {
    return at::max_pool2d(x(), op.kernel, op.stride, op.padding, /*dilation=*/1, op.ceil);
  }
  at::Tensor operator()(const AveragePool& op) const { return at::avg_pool2d(x(), op.kernel, op.stride, op.padding); }
  at::Tensor operator()(const GlobalAveragePool& op) const { return x().mean({2, 3}, /*keepdim=*/!op.flat); }
  at::Tensor operator()(const Add&) const {
    at::Tensor sum = inputs_[0] + inputs_[1];
    for (size_t i = 2; i < inputs_.size(); ++i) sum = sum + inputs_[i];
    return sum;
  }
  at::Tensor operator()(const Concatenate&) const { return at::cat(inputs_, 1); }
  at::Tensor operator()(const Slice& op) const { return x().slice(1, op.begin, op.end); }
  at::Tensor operator()(const ChannelShuffle& op) const {
    const int64_t n = x().size(0), channels = x().size(1), height = x().size(2), width = x().size(3);
    return x()
        .reshape({n, op.groups, channels / op.groups, height, width})
        .transpose(1, 2)
        .reshape({n, channels, height, width});
  }
  at::Tensor operator()(const Dropout& op) const {
    return context_.noise == nullptr || op.probability == 0 ? x() : dropout(x(), op, *context_.noise);
  }
  at::Tensor operator()(const Flatten&) const { return x().flatten(1); }
  at::Tensor operator()(const Normalize& op) const {
    const auto per_channel = [&](const std::vector<double>& values) {  // made on the device, which is not waited for
      std::vector<at::Tensor> numbers;
      for (const double value : values) numbers.push_back(at::full({1, 1, 1}, value, x().options()));
      return at::cat(numbers);
    };
    return (x() - per_channel(op.mean)) / per_channel(op.deviation);
  }
  at::Tensor operator()(const Resize& op) const {
    if (x().size(2) == op.height && x().size(3) == op.width) return x();
    return at::_upsample_bilinear2d_aa(x(), {op.height, op.width}, /*align_corners=*/false);
  }
  at::Tensor operator()(const Quantize&) const {
    return round_activation(x(), context_.buffers.at(0), context_.buffers.at(1));
  }

 private:
  const at::Tensor& x() const { return inputs_.front(); }
  const at::Tensor& parameter(size_t place) const { return context_.parameters.at(place); }

  const std::vector<at::Tensor>& inputs_;
  const OperationContext& context_;
};

}  // namespace

ResizeWeights resize_weights(const Resize& resize, const Shape& input) {
  const auto of_axis = [](int64_t from, int64_t to) {  // what unit vectors become, [from, to]
    return run_operation(Resize{1, to}, {at::eye(from, at::kFloat).reshape({1, from, 1, from})}, {})
        .reshape({from, to});
  };
  return {of_axis(input[1], resize.height).t().contiguous(), of_axis(input[2], resize.width)};
}

at::Tensor run_operation(const Operation& operation, const std::vector<at::Tensor>& inputs,
                         const OperationContext& context) {
  return std::visit(Runner(inputs, context), operation);
}

}  // namespace limbeck
