// Normalization.
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "deploy/torchscript_operations.h"

namespace limbeck {

std::string script_layer_norm(const ScriptCall& call, const std::string& value, int64_t count, const at::Tensor& weight,
                              const at::Tensor& bias, double epsilon) {
  Shape axes;
  for (int64_t i = count; i > 0; --i) axes.push_back(-i);
  const auto mean_of = [&](const std::string& of) {
    return call.node("ReduceMean", {of}, {{"axes", axes}, {"keepdims", 1}});
  };
  const std::string centred = call.node("Sub", {value, mean_of(value)});
  const std::string variance = mean_of(call.node("Mul", {centred, centred}));
  const std::string deviation = call.node("Sqrt", {call.node("Add", {variance, call.constant("epsilon", epsilon)})});
  std::string normed = call.node("Div", {centred, deviation});
  if (weight.defined()) normed = call.node("Mul", {normed, call.constant("weight", weight)});
  if (bias.defined()) normed = call.node("Add", {normed, call.constant("bias", bias)});
  return normed;
}

namespace {

ScriptValue layer_norm(const ScriptCall& call) {
  const auto count = static_cast<int64_t>(call.list(1).size());
  return script_result(script_layer_norm(call, call.operand(0), count, call.fixed(2), call.fixed(3), call.number(4)));
}

ScriptValue batch_norm(const ScriptCall& call) {
  if (call.value(5).toBool() || !call.has(3) || !call.has(4)) call.refuse("takes the batch's own mean");
  const at::Tensor mean = call.tensor(3);
  const auto part = [&](size_t place, const char* what, double otherwise) {
    return call.has(place) ? call.operand(place, what) : call.constant(what, at::full_like(mean, otherwise));
  };
  return script_result(call.node(
      "BatchNormalization",
      {call.operand(0), part(1, "weight", 1), part(2, "bias", 0), call.operand(3, "mean"), call.operand(4, "variance")},
      {{"epsilon", call.number(7)}}));
}

/// γ x + β, one for each channel
std::string scaled_channels(const ScriptCall& call, std::string value, const at::Tensor& weight,
                            const at::Tensor& bias) {
  Shape shape(static_cast<size_t>(call.tensor(0).dim() - 1), 1);
  shape[0] = -1;
  if (weight.defined()) value = call.node("Mul", {value, call.constant("weight", weight.reshape(shape))});
  if (bias.defined()) value = call.node("Add", {value, call.constant("bias", bias.reshape(shape))});
  return value;
}

/// Each of `groups` of an example's channels has a mean and a variance of its own.
std::string normed_groups(const ScriptCall& call, int64_t groups, double epsilon) {
  constexpr int64_t kSame = 0;  // ONNX: as many as there are
  const std::string apart = call.node("Reshape", {call.operand(0), call.numbers("groups", {kSame, groups, kOpen})});
  const std::string normed =
      call.node("InstanceNormalization",
                {apart, call.constant("ones", at::ones({groups})), call.constant("zeros", at::zeros({groups}))},
                {{"epsilon", epsilon}});
  return call.reshaped(normed);
}

ScriptValue group_norm(const ScriptCall& call) {
  return script_result(
      scaled_channels(call, normed_groups(call, call.integer(1), call.number(4)), call.fixed(2), call.fixed(3)));
}

ScriptValue instance_norm(const ScriptCall& call) {
  if (!call.value(5).toBool()) call.refuse("takes running statistics");
  return script_result(
      scaled_channels(call, normed_groups(call, call.tensor(0).size(1), call.number(7)), call.fixed(1), call.fixed(2)));
}

}  // namespace

ScriptOperations script_norms() {
  return {
      {"batch_norm", batch_norm},
      {"group_norm", group_norm},
      {"instance_norm", instance_norm},
      {"layer_norm", layer_norm},
  };
}

}  // namespace limbeck
