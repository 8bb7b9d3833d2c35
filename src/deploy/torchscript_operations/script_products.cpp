// Products of matrices.
#include "deploy/torchscript_operations.h"

namespace limbeck {

std::string script_linear(const ScriptCall& call, const std::string& value, const at::Tensor& weight,
                          const at::Tensor& bias) {
  const std::string product = call.node("MatMul", {value, call.constant("weight", weight.t())});
  return bias.defined() ? call.node("Add", {product, call.constant("bias", bias)}) : product;
}

namespace {

ScriptValue product(const ScriptCall& call) {
  return script_result(call.node("MatMul", {call.operand(0), call.operand(1, "other")}));
}

ScriptValue linear(const ScriptCall& call) {
  return script_result(script_linear(call, call.operand(0), call.fixed(1), call.fixed(2)));
}

/// β b + α x y
ScriptValue sum_with_product(const ScriptCall& call) {
  const auto scaled = [&](const std::string& value, size_t place, const char* what) {
    return call.number(place) == 1 ? value : call.node("Mul", {value, call.constant(what, call.number(place))});
  };
  const std::string product = call.node("MatMul", {call.operand(1, "first"), call.operand(2, "second")});
  return script_result(
      call.node("Add", {scaled(product, 4, "alpha"), scaled(call.repeated_operand(0, "bias"), 3, "beta")}));
}

ScriptValue einsum(const ScriptCall& call) {
  return script_result(call.node("Einsum", call.operands(1), {{"equation", call.value(0).toStringRef()}}));
}

}  // namespace

ScriptOperations script_products() {
  return {
      {"addmm", sum_with_product}, {"baddbmm", sum_with_product}, {"bmm", product}, {"einsum", einsum},
      {"linear", linear},          {"matmul", product},           {"mm", product},
  };
}

}  // namespace limbeck
