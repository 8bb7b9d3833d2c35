// Sums, means, extremes and norms along axes.
#include "core/error.h"
#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

int64_t keeps_axes(const ScriptCall& call, size_t place) {
  return static_cast<int64_t>(call.value(place).toBool());
}

std::string reduced(const ScriptCall& call, const char* operation, const std::string& value, const Shape& axes,
                    int64_t keeps) {
  return call.node(operation, {value}, {{"axes", axes}, {"keepdims", keeps}});
}

/// Of the axes in the second argument.
ScriptOperation reduction(const char* operation) {
  return [=](const ScriptCall& call) {
    const Shape axes = call.axes(1, call.tensor(0).dim());
    return script_result(reduced(call, operation, call.operand(0), axes, keeps_axes(call, 2)));
  };
}

/// torch.max and torch.min: of two tensors, or along an axis.
ScriptOperation extreme(const char* of_two, const char* along_axis) {
  return [=](const ScriptCall& call) {
    if (!call.has(1)) call.refuse("takes one value of all examples together");
    return call.value(1).isTensor() ? script_binary(of_two)(call) : reduction(along_axis)(call);
  };
}

/// ONNX takes the axes of this one as an input.
ScriptValue sum(const ScriptCall& call) {
  const std::string axes = call.numbers("axes", call.axes(1, call.tensor(0).dim()));
  return script_result(call.node("ReduceSum", {call.operand(0), axes}, {{"keepdims", keeps_axes(call, 2)}}));
}

/// (Σ |x|^p)^(1/p) for p of 1 or 2
ScriptValue norm(const ScriptCall& call) {
  const double power = call.has(1) ? call.number(1) : 2;
  if (power != 1 && power != 2) call.refuse(fmt::format("is of the power {}", power));
  if (!call.has(2)) call.refuse("is of everything");
  return script_result(reduced(call, power == 1 ? "ReduceL1" : "ReduceL2", call.operand(0),
                               call.axes(2, call.tensor(0).dim()), keeps_axes(call, 3)));
}

/// Σ (x − μ)² / (n − c), with c = 1 (`true`) where it is not said
std::string variance(const ScriptCall& call) {
  const Shape axes = call.axes(1, call.tensor(0).dim());
  int64_t count = 1;
  for (const int64_t axis : axes) count *= call.tensor(0).size(axis);
  int64_t correction = 1;
  if (call.has(2)) correction = call.value(2).isBool() ? static_cast<int64_t>(call.value(2).toBool()) : call.integer(2);
  if (correction >= count) call.refuse(fmt::format("is of {} numbers, less {}", count, correction));
  const std::string mean = reduced(call, "ReduceMean", call.operand(0), axes, 1);
  const std::string centred = call.node("Sub", {call.operand(0), mean});
  const std::string square =
      reduced(call, "ReduceMean", call.node("Mul", {centred, centred}), axes, keeps_axes(call, 3));
  const double factor = static_cast<double>(count) / static_cast<double>(count - correction);
  return call.node("Mul", {square, call.constant("correction", factor)});
}

ScriptValue var(const ScriptCall& call) {
  return script_result(variance(call));
}

ScriptValue deviation(const ScriptCall& call) {
  return script_result(call.node("Sqrt", {variance(call)}));
}

ScriptValue running_sum(const ScriptCall& call) {
  const std::string axis = call.onnx.constant("cumsum.axis", at::tensor(call.axis(1, call.tensor(0).dim()), at::kLong));
  return script_result(call.node("CumSum", {call.operand(0), axis}));
}

}  // namespace

ScriptOperations script_reductions() {
  return {
      {"amax", reduction("ReduceMax")},
      {"amin", reduction("ReduceMin")},
      {"cumsum", running_sum},
      {"linalg_vector_norm", norm},
      {"logsumexp", reduction("ReduceLogSumExp")},
      {"max", extreme("Max", "ReduceMax")},
      {"mean", reduction("ReduceMean")},
      {"min", extreme("Min", "ReduceMin")},
      {"norm", norm},
      {"std", deviation},
      {"sum", sum},
      {"var", var},
  };
}

}  // namespace limbeck
