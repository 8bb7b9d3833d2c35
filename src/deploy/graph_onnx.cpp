#include "deploy/graph_onnx.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <optional>

#include "core/error.h"
#include "kernels/plain_operations.h"
#include "nn/quantization.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

/// Names of a scale and of a zero point, and what a step of one is worth.
struct ByteForm {
  std::string scale, zero_point;
  double step = 1;
};

/// A value, and how its bytes are to be read where it is rounded to them.
struct OnnxValue {
  std::string name;
  std::optional<ByteForm> bytes;
};

Shape pair_of(int64_t extent) {
  return {extent, extent};
}
Shape around(int64_t padding) {
  return {padding, padding, padding, padding};
}

/// Writes one node of a graph.
class OnnxWriter {
 public:
  OnnxWriter(OnnxBuilder& onnx, const std::string& name, std::vector<OnnxValue> inputs, const Shape& input_shape,
             const TensorMap& state)
      : onnx_(onnx), name_(name), inputs_(std::move(inputs)), input_shape_(input_shape), state_(state) {}

  OnnxValue operator()(const Linear& op) const {
    return value(onnx_.node("Gemm", layer_inputs(op.rounds, op.bias), {{"transB", 1}}, name_));
  }
  OnnxValue operator()(const Convolution& op) const {
    return value(onnx_.node("Conv", layer_inputs(op.rounds, op.bias),
                            {{"kernel_shape", pair_of(op.kernel)},
                             {"strides", pair_of(op.stride)},
                             {"pads", around(op.padding)},
                             {"group", op.groups}},
                            name_));
  }
  OnnxValue operator()(const BatchNorm& op) const {
    return value(onnx_.node("BatchNormalization",
                            {x(), own("weight"), own("bias"), own("running_mean"), own("running_var")},
                            {{"epsilon", op.epsilon}}, name_));
  }
  OnnxValue operator()(const Relu&) const { return value(onnx_.node("Relu", {x()}, {}, name_)); }
  OnnxValue operator()(const Relu6&) const {
    return value(onnx_.node("Clip", {x(), number("least", 0), number("most", 6)}, {}, name_));
  }
  OnnxValue operator()(const LeakyRelu& op) const {
    return value(onnx_.node("LeakyRelu", {x()}, {{"alpha", op.slope}}, name_));
  }
  OnnxValue operator()(const Maxout& op) const {
    const int64_t channels = input_shape_[0] / op.pieces;
    std::vector<std::string> pieces;
    for (int64_t i = 0; i < op.pieces; ++i)
      pieces.push_back(
          channels_of(i * channels, (i + 1) * channels, op.pieces == 1 ? name_ : fmt::format("{}.{}", name_, i)));
    return moved(op.pieces == 1 ? pieces.front() : onnx_.node("Max", pieces, {}, name_));
  }
  OnnxValue operator()(const MaxPool& op) const {
    return moved(onnx_.node("MaxPool", {x()},
                            {{"kernel_shape", pair_of(op.kernel)},
                             {"strides", pair_of(op.stride)},
                             {"pads", around(op.padding)},
                             {"ceil_mode", static_cast<int64_t>(op.ceil)}},
                            name_));
  }
  OnnxValue operator()(const AveragePool& op) const {
    return value(onnx_.node("AveragePool", {x()},
                            {{"kernel_shape", pair_of(op.kernel)},
                             {"strides", pair_of(op.stride)},
                             {"pads", around(op.padding)},
                             {"count_include_pad", 1}},
                            name_));
  }
  OnnxValue operator()(const GlobalAveragePool& op) const {
    const std::string mean = onnx_.node("GlobalAveragePool", {x()}, {}, name_);
    return value(op.flat ? onnx_.node("Flatten", {mean}, {{"axis", 1}}, name_ + ".flat") : mean);
  }
  OnnxValue operator()(const Add&) const {
    return value(onnx_.node(inputs_.size() == 2 ? "Add" : "Sum", all(), {}, name_));
  }
  OnnxValue operator()(const Concatenate&) const { return value(onnx_.node("Concat", all(), {{"axis", 1}}, name_)); }
  OnnxValue operator()(const Slice& op) const { return moved(channels_of(op.begin, op.end, name_)); }
  OnnxValue operator()(const ChannelShuffle& op) const {
    const int64_t channels = input_shape_[0], height = input_shape_[1], width = input_shape_[2];
    const std::string apart = onnx_.constant(name_ + ".groups", {-1, op.groups, channels / op.groups, height, width});
    const std::string together = onnx_.constant(name_ + ".shape", {-1, channels, height, width});
    const std::string groups = onnx_.node("Reshape", {x(), apart}, {}, name_ + ".apart");
    return moved(onnx_.node(
        "Reshape",
        {onnx_.node("Transpose", {groups}, {{"perm", Shape{0, 2, 1, 3, 4}}}, name_ + ".transposed"), together}, {},
        name_));
  }
  OnnxValue operator()(const Dropout&) const { return inputs_.front(); }
  OnnxValue operator()(const Flatten&) const { return moved(onnx_.node("Flatten", {x()}, {{"axis", 1}}, name_)); }
  OnnxValue operator()(const Normalize& op) const {
    const auto per_channel = [&](const char* what, const std::vector<double>& values) {
      return onnx_.constant(name_ + "." + what, at::tensor(values, at::kDouble).reshape({-1, 1, 1}));
    };
    const std::string centred = onnx_.node("Sub", {x(), per_channel("mean", op.mean)}, {}, name_ + ".centred");
    return value(onnx_.node("Div", {centred, per_channel("deviation", op.deviation)}, {}, name_));
  }
  OnnxValue operator()(const Resize& op) const {
    const ResizeWeights weights = resize_weights(op, input_shape_);
    const std::string high =
        onnx_.node("MatMul", {onnx_.constant(name_ + ".rows", weights.rows), x()}, {}, name_ + ".high");
    return value(onnx_.node("MatMul", {high, onnx_.constant(name_ + ".columns", weights.columns)}, {}, name_));
  }
  OnnxValue operator()(const Quantize&) const {
    const ByteForm form = {onnx_.constant(name_ + ".scale", tensor("scale").reshape({})),
                           onnx_.constant(name_ + ".zero_point", tensor("zero_point").reshape({}).to(at::kByte)),
                           tensor("scale").item<double>()};
    return rounded(x(), form, name_);
  }

 private:
  const std::string& x() const { return inputs_.front().name; }
  std::string channels_of(int64_t begin, int64_t end, const std::string& name) const {
    const auto list = [&](const char* what, int64_t number) {
      return onnx_.constant(name + "." + what, std::vector<int64_t>{number});
    };
    return onnx_.node("Slice", {x(), list("begin", begin), list("end", end), list("axis", 1)}, {}, name);
  }
  std::vector<std::string> all() const {
    std::vector<std::string> names;
    for (const OnnxValue& input : inputs_) names.push_back(input.name);
    return names;
  }
  const at::Tensor& tensor(const char* which) const { return state_.at(name_ + "." + which); }
  std::string own(const char* which) const { return onnx_.constant(name_ + "." + which, tensor(which)); }
  std::string number(const char* what, double number) const {
    return onnx_.constant(name_ + "." + what, at::tensor(number, at::kFloat));
  }

  static OnnxValue value(std::string name) { return {std::move(name), std::nullopt}; }
  OnnxValue rounded(const std::string& value, const ByteForm& form, const std::string& name) const {
    const std::string bytes = onnx_.node("QuantizeLinear", {value, form.scale, form.zero_point}, {}, name + ".bytes");
    return {onnx_.node("DequantizeLinear", {bytes, form.scale, form.zero_point}, {}, name), form};
  }
  /// What only moved values are the same bytes as before; saying so lets a runtime move bytes.
  OnnxValue moved(const std::string& name) const {
    return inputs_.front().bytes ? rounded(name, *inputs_.front().bytes, name + ".again") : value(name);
  }

  std::vector<std::string> layer_inputs(bool rounds, bool bias) const {
    if (!rounds) {
      std::vector<std::string> names = {x(), own("weight")};
      if (bias) names.push_back(own("bias"));
      return names;
    }
    const at::Tensor weight = tensor("weight");
    at::Tensor scales = weight_scales(weight);
    const std::optional<ByteForm>& form = inputs_.front().bytes;  // sums of products are multiples of both scales
    if (bias && !form)
      throw Error(fmt::format("node '{}' rounds its weights, but takes values that are not rounded", name_));
    if (bias) {  // where weights are next to nothing, a bias in their steps is more than 32 bits hold
      constexpr double kMost = 1 << 30;
      scales =
          at::maximum(scales, (tensor("bias").to(at::kDouble).abs() / (form->step * kMost)).to(scales.scalar_type()));
    }
    Shape stretched(static_cast<size_t>(weight.dim()), 1);
    stretched[0] = -1;
    const at::Tensor bytes = (weight / scales.reshape(stretched)).round().to(at::kChar);
    std::vector<std::string> names = {x(), dequantize("weight", bytes, scales)};
    if (!bias) return names;
    const at::Tensor steps = scales.to(at::kDouble) * form->step;
    names.push_back(dequantize("bias", (tensor("bias").to(at::kDouble) / steps).round().to(at::kInt), steps));
    return names;
  }
  std::string dequantize(const std::string& which, const at::Tensor& integers, const at::Tensor& scales) const {
    const std::string name = name_ + "." + which;
    const std::string zeros = onnx_.constant(name + "_zero_point", at::zeros_like(scales, integers.scalar_type()));
    return onnx_.node("DequantizeLinear",
                      {onnx_.constant(name, integers), onnx_.constant(name + "_scale", scales), zeros}, {{"axis", 0}},
                      name + "_float");
  }

  OnnxBuilder& onnx_;
  const std::string& name_;
  std::vector<OnnxValue> inputs_;
  const Shape& input_shape_;
  const TensorMap& state_;
};

}  // namespace

std::string add_graph(OnnxBuilder& onnx, const GraphNetwork& network, const std::string& input) {
  const Graph& graph = network.graph();
  const TensorMap state = state_of(network);
  std::vector<OnnxValue> values;
  for (const Node& node : graph.nodes()) {
    std::vector<OnnxValue> inputs;
    for (const size_t from : node.inputs)
      inputs.push_back(from == Graph::kInput ? OnnxValue{input, std::nullopt} : values[from]);
    values.push_back(std::visit(OnnxWriter(onnx, node.name, std::move(inputs), graph.shape_of(node.inputs[0]), state),
                                node.operation));
  }
  return values.back().name;
}

std::string add_operation(OnnxBuilder& onnx, const std::string& name, const Operation& operation, const Shape& input,
                          const std::string& value) {
  const TensorMap none;
  return std::visit(OnnxWriter(onnx, name, {{value, std::nullopt}}, input, none), operation).name;
}

}  // namespace limbeck
