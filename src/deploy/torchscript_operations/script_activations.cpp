// Activations, dropout, softmax.
#include <algorithm>

#include "core/error.h"
#include "deploy/torchscript_operations.h"

namespace limbeck {

std::string script_gelu(const ScriptCall& call, const std::string& value) {
  const std::string root = call.node("Mul", {value, call.constant("root", 0.7071067811865476)});
  const std::string sum = call.node("Add", {call.node("Erf", {root}), call.constant("one", 1)});
  return call.node("Mul", {call.node("Mul", {value, sum}), call.constant("half", 0.5)});
}

namespace {

ScriptValue relu6(const ScriptCall& call) {
  return script_result(call.node("Clip", {call.operand(0), call.constant("least", 0), call.constant("most", 6)}));
}

ScriptValue leaky_relu(const ScriptCall& call) {
  return script_result(call.node("LeakyRelu", {call.operand(0)}, {{"alpha", call.number(1)}}));
}

/// max(x, 0) + w · min(x, 0), with one slope w or one for each channel
ScriptValue prelu(const ScriptCall& call) {
  const int64_t dimensions = call.tensor(0).dim();
  Shape shape(static_cast<size_t>(std::max<int64_t>(dimensions - 1, 1)), 1);
  shape[0] = -1;
  return script_result(call.node("PRelu", {call.operand(0), call.constant("slope", call.fixed(1).reshape(shape))}));
}

/// log(1 + exp(β x)) / β; PyTorch's is x itself for β x beyond the threshold, where the logarithm is that to float32's
/// precision
ScriptValue softplus(const ScriptCall& call) {
  constexpr double kSame = 15;  // log(1 + exp(15)) − 15 = 3e-7
  if (call.number(2) < kSame) call.refuse(fmt::format("is straight from {} on", call.number(2)));
  const double beta = call.number(1);
  if (beta == 1) return script_unary("Softplus")(call);
  const std::string scaled = call.node("Mul", {call.operand(0), call.constant("beta", beta)});
  return script_result(call.node("Div", {call.node("Softplus", {scaled}), call.constant("beta", beta)}));
}

ScriptValue elu(const ScriptCall& call) {
  if (call.number(2) != 1 || call.number(3) != 1) call.refuse("is scaled");
  return script_result(call.node("Elu", {call.operand(0)}, {{"alpha", call.number(1)}}));
}

/// max(x, 0) + min(α (exp(x/α) − 1), 0)
ScriptValue celu(const ScriptCall& call) {
  const double alpha = call.number(1);
  if (alpha == 1) return script_result(call.node("Elu", {call.operand(0)}, {{"alpha", 1.0}}));
  const std::string scale = call.constant("alpha", alpha);
  return script_result(
      call.node("Mul", {call.node("Elu", {call.node("Div", {call.operand(0), scale})}, {{"alpha", 1.0}}), scale}));
}

ScriptValue hard_sigmoid(const ScriptCall& call) {
  return script_result(call.node("HardSigmoid", {call.operand(0)}, {{"alpha", 1.0 / 6}, {"beta", 0.5}}));
}

/// x · clip(x/6 + 1/2, 0, 1)
ScriptValue hard_swish(const ScriptCall& call) {
  return script_result(call.node("Mul", {call.operand(0), hard_sigmoid(call).onnx}));
}

/// x · σ(x)
ScriptValue silu(const ScriptCall& call) {
  return script_result(call.node("Mul", {call.operand(0), call.node("Sigmoid", {call.operand(0)})}));
}

/// x · tanh(log(1 + exp(x)))
ScriptValue mish(const ScriptCall& call) {
  const std::string soft = call.node("Softplus", {call.operand(0)});
  return script_result(call.node("Mul", {call.operand(0), call.node("Tanh", {soft})}));
}

/// log σ(x) = −log(1 + exp(−x))
ScriptValue log_sigmoid(const ScriptCall& call) {
  return script_result(call.node("Neg", {call.node("Softplus", {call.node("Neg", {call.operand(0)})})}));
}

/// Approximated: x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))
ScriptValue gelu(const ScriptCall& call) {
  const std::string x = call.operand(0), kind = call.has(1) ? call.value(1).toStringRef() : "none";
  if (kind == "none") return script_result(script_gelu(call, x));
  const std::string cube = call.node("Mul", {call.node("Mul", {x, x}), x});
  const std::string inner = call.node("Add", {x, call.node("Mul", {cube, call.constant("cubic", 0.044715)})});
  const std::string tanh = call.node("Tanh", {call.node("Mul", {inner, call.constant("root", 0.7978845608028654)})});
  return script_result(call.node(
      "Mul", {call.node("Mul", {x, call.constant("half", 0.5)}), call.node("Add", {tanh, call.constant("one", 1)})}));
}

/// a · σ(b) of the halves of an axis
ScriptValue gated(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.tensor(0).dim()), extent = call.tensor(0).size(axis);
  const std::string first = script_slice(call, call.operand(0), axis, 0, extent / 2);
  const std::string second = script_slice(call, call.operand(0), axis, extent / 2, extent);
  return script_result(call.node("Mul", {first, call.node("Sigmoid", {second})}));
}

ScriptOperation softmax(const char* operation) {
  return [=](const ScriptCall& call) {
    return script_result(call.node(operation, {call.operand(0)}, {{"axis", call.axis(1, call.tensor(0).dim())}}));
  };
}

ScriptValue dropout(const ScriptCall& call) {
  if (call.value(2).toBool() && call.number(1) > 0) call.refuse("drops in evaluation too");
  return script_identity(call);
}

}  // namespace

ScriptOperations script_activations() {
  return {
      {"alpha_dropout", dropout},
      {"celu", celu},
      {"dropout", dropout},
      {"elu", elu},
      {"feature_alpha_dropout", dropout},
      {"feature_dropout", dropout},
      {"gelu", gelu},
      {"glu", gated},
      {"hardsigmoid", hard_sigmoid},
      {"hardswish", hard_swish},
      {"leaky_relu", leaky_relu},
      {"log_sigmoid", log_sigmoid},
      {"log_softmax", softmax("LogSoftmax")},
      {"mish", mish},
      {"prelu", prelu},
      {"relu", script_unary("Relu")},
      {"relu6", relu6},
      {"selu", script_unary("Selu")},
      {"sigmoid", script_unary("Sigmoid")},
      {"silu", silu},
      {"softmax", softmax("Softmax")},
      {"softplus", softplus},
      {"tanh", script_unary("Tanh")},
  };
}

}  // namespace limbeck
