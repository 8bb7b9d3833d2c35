// Normalization and dropout.
#include <ATen/TensorOperators.h>

#include <algorithm>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

void expect_channels(OnnxCall& call, size_t place, int64_t channels) {
  const Shape shape = call.shape(place);
  if (shape.size() != 1 || shape[0] != channels)
    call.refuse(fmt::format("input {} is of {}; expected {} channels", place + 1, to_text(shape), channels));
}

OnnxValues onnx_batch_norm(OnnxCall& call) {
  constexpr int64_t kWithoutSpatial = 9, kWithMode = 14;
  if (call.rank(0) < 2) call.refuse("expected examples and channels");
  for (size_t place = 1; place <= 4; ++place) expect_channels(call, place, call.shape(0)[1]);
  if (call.opset() < kWithoutSpatial && call.integer("spatial", 1) == 0 && call.rank(0) > 2)
    call.refuse("is not spatial: it has a mean for each place");
  const bool trains = call.opset() >= kWithMode && call.integer("training_mode", 0) != 0;
  if (trains && !call.reading.is_network) call.refuse("takes the batch's own mean: it is in training mode");
  const double momentum = 1 - call.number("momentum", 0.9), epsilon = call.number("epsilon", 1e-5);
  Value* training = call.reading.is_network ? call.program.training() : call.program.constant(false);
  return {call.call("aten::batch_norm", {call.tensor(0), call.tensor(1), call.tensor(2), call.buffer(3), call.buffer(4),
                                         training, momentum, epsilon, true})};
}

OnnxValues onnx_instance_norm(OnnxCall& call) {
  if (call.rank(0) < 3) call.refuse("expected examples, channels and sides");
  for (size_t place = 1; place <= 2; ++place) expect_channels(call, place, call.shape(0)[1]);
  return {call.call("aten::instance_norm", {call.tensor(0), call.tensor(1), call.tensor(2), call.none(), call.none(),
                                            true, 0.0, call.number("epsilon", 1e-5), true})};
}

OnnxValues normed_over(OnnxCall& call, Value* value, int64_t first, Value* scale, Value* shift, double epsilon) {
  const Shape shape = call.program.tensor(value).sizes().vec();
  Shape extents, axes;
  for (auto axis = static_cast<size_t>(first); axis < shape.size(); ++axis) {
    if (!call.known_integer(call.program.size(value, static_cast<int64_t>(axis))))
      call.refuse("normalizes across a batch");
    extents.push_back(shape[axis]);
    axes.push_back(static_cast<int64_t>(axis));
  }
  const auto fits = [&](Value* weight) {
    return weight == nullptr || call.program.tensor(weight).sizes().vec() == extents;
  };
  const bool fit = fits(scale) && fits(shift);
  const auto optional = [&](Value* weight) { return fit && weight != nullptr ? weight : call.none(); };
  Value* normed = call.call("aten::layer_norm", {value, extents, optional(scale), optional(shift), epsilon, true});
  if (!fit && scale != nullptr) normed = call.call("aten::mul", {normed, scale});
  if (!fit && shift != nullptr) normed = call.call("aten::add", {normed, shift});
  OnnxValues results = {normed};
  if (!call.wants(1) && !call.wants(2)) return results;
  Value* variance = call.call("aten::var", {value, axes, false, true});
  results.emplace_back(call.call("aten::mean", {value, axes, true}));
  results.emplace_back(call.call("aten::rsqrt", {call.call("aten::add", {variance, epsilon})}));
  return results;
}

Value* tensor_or_null(OnnxCall& call, size_t place) {
  return call.has(place) ? call.tensor(place) : nullptr;
}

OnnxValues onnx_layer_norm(OnnxCall& call) {
  const int64_t axis = call.axis(call.integer("axis", -1), call.rank(0));
  return normed_over(call, call.tensor(0), axis, call.tensor(1), tensor_or_null(call, 2), call.number("epsilon", 1e-5));
}

/// A layer norm of a sum; the sum is the fourth output.
OnnxValues onnx_skip_layer_norm(OnnxCall& call) {
  Value* sum = call.call("aten::add", {call.tensor(0), call.tensor(1)});
  if (call.has(4)) sum = call.call("aten::add", {sum, call.tensor(4)});
  const int64_t last = call.rank(0) - 1;
  if (last < 0 || call.wants(1) || call.wants(2)) call.refuse("is asked for mean and deviation");
  OnnxValues results =
      normed_over(call, sum, last, call.tensor(2), tensor_or_null(call, 3), call.number("epsilon", 1e-12));
  results.resize(3);
  results.emplace_back(sum);
  return results;
}

/// x / √(mean x² + ε) · γ
OnnxValues onnx_rms_norm(OnnxCall& call) {
  const int64_t first = call.axis(call.integer("axis", -1), call.rank(0));
  Shape axes;
  for (int64_t axis = first; axis < call.rank(0); ++axis) axes.push_back(axis);
  Value* value = call.tensor(0);
  Value* mean = call.call("aten::mean", {call.call("aten::mul", {value, value}), axes, true});
  Value* factor = call.call("aten::rsqrt", {call.call("aten::add", {mean, call.number("epsilon", 1e-5)})});
  return {call.call("aten::mul", {call.call("aten::mul", {value, factor}), call.tensor(1)})};
}

OnnxValues onnx_group_norm(OnnxCall& call) {
  const int64_t groups = call.integer("num_groups");
  if (call.rank(0) < 2 || groups < 1 || call.shape(0)[1] % groups != 0)
    call.refuse(fmt::format("has {} groups that do not fit its channels", groups));
  const int64_t channels = call.shape(0)[1];
  const auto of_channels = [&](size_t place) {  // in opset 18 there was one for each group
    const Shape shape = call.shape(place);
    if (shape == Shape{channels}) return call.tensor(place);
    if (shape != Shape{groups}) call.refuse(fmt::format("input {} is of {}", place + 1, to_text(shape)));
    Value* column = call.call("aten::unsqueeze", {call.tensor(place), 1});
    return call.reshape(call.call("aten::expand", {column, Shape{groups, channels / groups}}), Shape{-1});
  };
  return {call.call("aten::group_norm",
                    {call.tensor(0), groups, of_channels(1), of_channels(2), call.number("epsilon", 1e-5), true})};
}

/// x / (k + α/n Σ x²)^β, summed over the n channels around each
OnnxValues onnx_local_response_norm(OnnxCall& call) {
  const int64_t size = call.integer("size");
  if (call.rank(0) < 3 || size < 1 || size > 2 * call.shape(0)[1] + 1)
    call.refuse(fmt::format("is over {} channels", size));
  Value* value = call.tensor(0);
  Shape pads(static_cast<size_t>(2 * (call.rank(0) - 1)), 0);
  pads[pads.size() - 2] = (size - 1) / 2;
  pads[pads.size() - 1] = size / 2;
  Value* padded = call.call("aten::constant_pad_nd", {call.call("aten::mul", {value, value}), pads, 0.0});
  Value* sums = call.call("aten::sum", {call.call("aten::unfold", {padded, 1, size, 1}), Shape{-1}, false});
  Value* scaled = call.call("aten::mul", {sums, call.number("alpha", 1e-4) / static_cast<double>(size)});
  Value* power =
      call.call("aten::pow", {call.call("aten::add", {scaled, call.number("bias", 1)}), call.number("beta", 0.75)});
  return {call.call("aten::div", {value, power})};
}

/// (x − μ) / σ
OnnxValues onnx_mean_variance_norm(OnnxCall& call) {
  const Shape axes = call.axes(call.integer_list("axes").value_or(Shape{0, 2, 3}), call.rank(0));
  Value* centred = call.call("aten::sub", {call.tensor(0), call.call("aten::mean", {call.tensor(0), axes, true})});
  Value* variance = call.call("aten::mean", {call.call("aten::mul", {centred, centred}), axes, true});
  return {call.call("aten::div", {centred, call.call("aten::add", {call.call("aten::sqrt", {variance}), 1e-9})})};
}

/// In training it drops, whatever mode the file was written in.
OnnxValues onnx_dropout(OnnxCall& call) {
  constexpr int64_t kAsInputs = 12;
  double ratio = 0.5;
  if (call.opset() < kAsInputs)
    ratio = call.number("ratio", 0.5);
  else if (call.has(1))
    ratio = call.constant_number(1);
  if (!(ratio >= 0 && ratio < 1)) call.refuse(fmt::format("drops a share of {}", ratio));
  if (!call.reading.is_network) {
    const bool drops = call.opset() >= kAsInputs && call.has(2) && call.constant_number(2) != 0;
    if (drops && ratio > 0) call.refuse("drops at random: it is in training mode");
    OnnxValues results = {call.tensor(0)};
    if (call.wants(1)) results.emplace_back(call.call("aten::ones_like", {call.tensor(0)}, {{"dtype", at::kBool}}));
    return results;
  }
  return {call.call("aten::dropout", {call.tensor(0), ratio, call.program.training()})};
}

}  // namespace

OnnxOperations onnx_norms() {
  return {
      {"BatchNormalization", {onnx_batch_norm, Weights::trained}},
      {"Dropout", {onnx_dropout}},
      {"GroupNormalization", {onnx_group_norm, Weights::trained}},
      {"InstanceNormalization", {onnx_instance_norm, Weights::trained}},
      {"LRN", {onnx_local_response_norm}},
      {"LayerNormalization", {onnx_layer_norm, Weights::trained}},
      {"MeanVarianceNormalization", {onnx_mean_variance_norm}},
      {"SimplifiedLayerNormalization", {onnx_rms_norm, Weights::trained}},
      {"com.microsoft.SkipLayerNormalization", {onnx_skip_layer_norm, Weights::trained}},
  };
}

}  // namespace limbeck
