// Activations and softmax.
#include <ATen/TensorOperators.h>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

OnnxOperation activation(const char* operation) {
  return [=](OnnxCall& call) -> OnnxValues { return {call.call(operation, {call.tensor(0)})}; };
}

OnnxValues onnx_leaky_relu(OnnxCall& call) {
  return {call.call("aten::leaky_relu", {call.tensor(0), call.number("alpha", 0.01)})};
}

OnnxValues onnx_elu(OnnxCall& call) {
  return {call.call("aten::elu", {call.tensor(0), call.number("alpha", 1)})};
}

OnnxValues onnx_celu(OnnxCall& call) {
  return {call.call("aten::celu", {call.tensor(0), call.number("alpha", 1)})};
}

/// γ · elu(x, α)
OnnxValues onnx_selu(OnnxCall& call) {
  const double alpha = call.number("alpha", 1.67326319217681884765625),
               gamma = call.number("gamma", 1.05070102214813232421875);
  return {call.call("aten::elu", {call.tensor(0), alpha, gamma})};
}

/// clip(α x + β, 0, 1)
Value* hard_sigmoid_of(OnnxCall& call, Value* value, double alpha, double beta) {
  constexpr double kNear = 1e-4;
  if (std::abs(alpha - 1.0 / 6) < kNear && beta == 0.5) return call.call("aten::hardsigmoid", {value});
  Value* line = call.call("aten::add", {call.call("aten::mul", {value, alpha}), beta});
  return call.call("aten::clamp", {line, 0.0, 1.0});
}

OnnxValues onnx_hard_sigmoid(OnnxCall& call) {
  return {hard_sigmoid_of(call, call.tensor(0), call.number("alpha", 0.2), call.number("beta", 0.5))};
}

OnnxValues onnx_gelu(OnnxCall& call) {
  const std::string approximate = call.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh") call.refuse(fmt::format("approximates by '{}'", approximate));
  return {call.call("aten::gelu", {call.tensor(0)}, {{"approximate", approximate}})};
}

OnnxValues onnx_bias_gelu(OnnxCall& call) {
  return {call.call("aten::gelu", {call.call("aten::add", {call.tensor(0), call.tensor(1)})})};
}

/// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))
OnnxValues onnx_fast_gelu(OnnxCall& call) {
  Value* sum = call.has(1) ? call.call("aten::add", {call.tensor(0), call.tensor(1)}) : call.tensor(0);
  return {call.call("aten::gelu", {sum}, {{"approximate", "tanh"}})};
}

/// x · σ(α x)
OnnxValues onnx_swish(OnnxCall& call) {
  const double alpha = call.number("alpha", 1.0);
  if (alpha == 1) return {call.call("aten::silu", {call.tensor(0)})};
  Value* gate = call.call("aten::sigmoid", {call.call("aten::mul", {call.tensor(0), alpha})});
  return {call.call("aten::mul", {call.tensor(0), gate})};
}

/// x where x > α, else 0
OnnxValues onnx_thresholded_relu(OnnxCall& call) {
  return {call.call("aten::threshold", {call.tensor(0), call.number("alpha", 1), 0.0})};
}

OnnxValues onnx_shrink(OnnxCall& call) {
  const double bias = call.number("bias", 0), lambd = call.number("lambd", 0.5);
  Value* value = call.tensor(0);
  const auto where = [&](const char* side, double bound, const char* shift) {
    Value* flags = call.cast(call.call(side, {value, bound}), call.type(0));
    return call.call("aten::mul", {call.call(shift, {value, bias}), flags});
  };
  return {call.call("aten::add", {where("aten::lt", -lambd, "aten::add"), where("aten::gt", lambd, "aten::sub")})};
}

/// x / (1 + |x|)
OnnxValues onnx_softsign(OnnxCall& call) {
  Value* sum = call.call("aten::add", {call.call("aten::abs", {call.tensor(0)}), 1});
  return {call.call("aten::div", {call.tensor(0), sum})};
}

OnnxValues onnx_prelu(OnnxCall& call) {
  Value* value = call.tensor(0);
  const int64_t rank = call.rank(0), slopes = call.example(1).numel();
  const Shape shape = call.shape(1);
  // One slope, or one for each channel: [C, 1, 1] for [N, C, H, W].
  const bool is_of_channels = slopes > 1 && static_cast<int64_t>(shape.size()) == rank - 1 && shape.front() == slopes &&
                              call.shape(0).at(1) == slopes;
  if (slopes == 1 || is_of_channels)
    return {call.call("aten::prelu", {value, call.call("aten::reshape", {call.tensor(1), Shape{-1}})})};
  Value* below = call.call("aten::clamp_max", {value, 0});
  return {call.call("aten::add", {call.call("aten::relu", {value}), call.call("aten::mul", {below, call.tensor(1)})})};
}

/// Until opset 13, of a matrix: the axes from `axis` on were one.
OnnxOperation softmax_like(const std::function<Value*(OnnxCall&, Value*, int64_t)>& apply) {
  return [=](OnnxCall& call) -> OnnxValues {
    constexpr int64_t kOfOneAxis = 13;
    const int64_t rank = call.rank(0);
    if (rank == 0) call.refuse("is of a single number");
    const bool is_of_matrix = call.opset() < kOfOneAxis;
    const int64_t axis =
        call.axis(call.integer("axis", is_of_matrix ? 1 : -1), rank + (is_of_matrix && rank == 1 ? 1 : 0));
    if (!is_of_matrix || axis == rank - 1 || axis >= rank)
      return {apply(call, call.tensor(0), std::min(axis, rank - 1))};
    Value* flat = call.call("aten::flatten", {call.tensor(0), axis});
    return {call.reshape(apply(call, flat, axis), call.sizes(0))};
  };
}

Value* hardmax_of(OnnxCall& call, Value* value, int64_t axis) {
  Value* place = call.call("aten::argmax", {value, axis, true});
  return call.call("aten::scatter", {call.call("aten::zeros_like", {value}), axis, place, 1.0});
}

}  // namespace

OnnxOperations onnx_activations() {
  const auto softmax_by = [](const char* operation) {
    return softmax_like([=](OnnxCall& call, Value* value, int64_t axis) {
      return call.call(operation, {value, axis});
    });
  };
  return {
      {"Celu", {onnx_celu}},
      {"Elu", {onnx_elu}},
      {"Gelu", {onnx_gelu}},
      {"HardSigmoid", {onnx_hard_sigmoid}},
      {"HardSwish", {activation("aten::hardswish")}},
      {"Hardmax", {softmax_like(hardmax_of)}},
      {"LeakyRelu", {onnx_leaky_relu}},
      {"LogSoftmax", {softmax_by("aten::log_softmax")}},
      {"Mish", {activation("aten::mish")}},
      {"PRelu", {onnx_prelu, Weights::trained}},
      {"Relu", {activation("aten::relu")}},
      {"Selu", {onnx_selu}},
      {"Shrink", {onnx_shrink}},
      {"Sigmoid", {activation("aten::sigmoid")}},
      {"Softmax", {softmax_by("aten::softmax")}},
      {"Softplus", {activation("aten::softplus")}},
      {"Softsign", {onnx_softsign}},
      {"Tanh", {activation("aten::tanh")}},
      {"ThresholdedRelu", {onnx_thresholded_relu}},
      {"com.microsoft.BiasGelu", {onnx_bias_gelu, Weights::trained}},
      {"com.microsoft.FastGelu", {onnx_fast_gelu, Weights::trained}},
      {"com.microsoft.Gelu", {activation("aten::gelu")}},
      {"com.microsoft.QuickGelu", {onnx_swish}},
  };
}

}  // namespace limbeck
