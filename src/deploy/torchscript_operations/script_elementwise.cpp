// Arithmetic, entry by entry.
#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

ScriptValue quotient(const ScriptCall& call) {
  if (call.has(2)) call.refuse("rounds its quotients");
  return script_binary("Div")(call);
}

/// α y
std::string scaled(const ScriptCall& call, const std::string& value) {
  return call.has(2) && call.number(2) != 1 ? call.node("Mul", {value, call.constant("alpha", call.number(2))}) : value;
}

/// x + α y, x − α y
ScriptOperation scaled_sum(const char* operation) {
  return [=](const ScriptCall& call) {
    return script_result(
        call.node(operation, {call.repeated_operand(0), scaled(call, call.repeated_operand(1, "other"))}));
  };
}

/// y − α x
ScriptValue reversed_difference(const ScriptCall& call) {
  return script_result(call.node("Sub", {call.repeated_operand(1, "other"), scaled(call, call.repeated_operand(0))}));
}

/// x + α y z, x + α y / z
ScriptOperation sum_with(const char* operation) {
  return [=](const ScriptCall& call) {
    std::string term = call.node(operation, {call.repeated_operand(1, "first"), call.repeated_operand(2, "second")});
    if (call.number(3) != 1) term = call.node("Mul", {term, call.constant("alpha", call.number(3))});
    return script_result(call.node("Add", {call.repeated_operand(0), term}));
  };
}

ScriptValue rounded(const ScriptCall& call) {
  if (call.has(1)) call.refuse("rounds to decimals");
  return script_unary("Round")(call);
}

ScriptValue square(const ScriptCall& call) {
  return script_result(call.node("Mul", {call.operand(0), call.operand(0)}));
}

/// 1/√x
ScriptValue reciprocal_root(const ScriptCall& call) {
  return script_result(call.node("Reciprocal", {call.node("Sqrt", {call.operand(0)})}));
}

/// log(1 + x)
ScriptValue log_of_one_more(const ScriptCall& call) {
  return script_result(call.node("Log", {call.node("Add", {call.operand(0), call.constant("one", 1)})}));
}

ScriptValue clamped(const ScriptCall& call) {
  const auto bound = [&](size_t place, const char* what) {
    return call.has(place) ? call.constant(what, call.number(place)) : std::string();
  };
  return script_result(call.node("Clip", {call.operand(0), bound(1, "least"), bound(2, "most")}));
}

ScriptValue at_least(const ScriptCall& call) {
  return script_result(call.node("Clip", {call.operand(0), call.constant("least", call.number(1))}));
}

ScriptValue at_most(const ScriptCall& call) {
  return script_result(call.node("Clip", {call.operand(0), "", call.constant("most", call.number(1))}));
}

/// A choice that is the same for each input.
std::string choice(const ScriptCall& call, size_t place) {
  return call.onnx.constant(call.short_name() + ".where", call.fixed(place).to(at::kBool));
}

ScriptValue where(const ScriptCall& call) {
  return script_result(
      call.node("Where", {choice(call, 0), call.repeated_operand(1, "first"), call.repeated_operand(2, "second")}));
}

ScriptValue masked_fill(const ScriptCall& call) {
  return script_result(call.node("Where", {choice(call, 1), call.operand(2, "filling"), call.operand(0)}));
}

}  // namespace

ScriptOperations script_elementwise() {
  return {
      {"abs", script_unary("Abs")},
      {"add", scaled_sum("Add")},
      {"addcdiv", sum_with("Div")},
      {"addcmul", sum_with("Mul")},
      {"alias", script_identity},
      {"ceil", script_unary("Ceil")},
      {"clamp", clamped},
      {"clamp_max", at_most},
      {"clamp_min", at_least},
      {"clone", script_identity},
      {"contiguous", script_identity},
      {"cos", script_unary("Cos")},
      {"detach", script_identity},
      {"div", quotient},
      {"erf", script_unary("Erf")},
      {"exp", script_unary("Exp")},
      {"floor", script_unary("Floor")},
      {"hardtanh", clamped},
      {"log", script_unary("Log")},
      {"log1p", log_of_one_more},
      {"masked_fill", masked_fill},
      {"maximum", script_binary("Max")},
      {"minimum", script_binary("Min")},
      {"mul", script_binary("Mul")},
      {"neg", script_unary("Neg")},
      {"pow", script_binary("Pow")},
      {"reciprocal", script_unary("Reciprocal")},
      {"round", rounded},
      {"rsqrt", reciprocal_root},
      {"rsub", reversed_difference},
      {"sign", script_unary("Sign")},
      {"sin", script_unary("Sin")},
      {"sqrt", script_unary("Sqrt")},
      {"square", square},
      {"sub", scaled_sum("Sub")},
      {"tan", script_unary("Tan")},
      {"to", script_identity},
      {"type_as", script_identity},
      {"where", where},
  };
}

}  // namespace limbeck
