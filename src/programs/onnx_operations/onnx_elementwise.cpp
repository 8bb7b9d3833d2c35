// Sums, products, comparisons: what is computed entry by entry.
#include <ATen/TensorOperators.h>

#include <algorithm>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

OnnxOperation elementwise(const char* operation) {
  return [=](OnnxCall& call) -> OnnxValues { return {call.call(operation, {call.tensor(0)})}; };
}

/// Of whole numbers that are held by their elements, one by one.
OnnxValue of_elements(OnnxCall& call, const std::function<Value*(Value*, Value*)>& combine) {
  const std::vector<Value*> first = call.integers(0), second = call.integers(1);
  const size_t count = std::max(first.size(), second.size());
  const auto is_list = [&](size_t place) {
    const OnnxValue& value = call.value(place);
    return value.elements ? value.is_list : call.known(place)->dim() == 1;
  };
  const auto at = [&](const std::vector<Value*>& all, size_t i) { return all.at(all.size() == 1 ? 0 : i); };
  if (first.empty() || second.empty() || (first.size() != count && first.size() != 1) ||
      (second.size() != count && second.size() != 1))
    call.refuse("its lists are of lengths that do not fit each other");
  std::vector<Value*> all;
  for (size_t i = 0; i < count; ++i) all.push_back(combine(at(first, i), at(second, i)));
  return OnnxValue::of_elements(all, is_list(0) || is_list(1));
}

void expect_two(OnnxCall& call) {
  if (call.inputs() != 2) call.refuse(fmt::format("has {} inputs; expected 2", call.inputs()));
  constexpr int64_t kByTheLastAxes = 7;  // before, an attribute said along which axis
  if (call.opset() < kByTheLastAxes && call.has_attribute("axis")) call.refuse("says along which axis it repeats");
}

/// An operation of two tensors, and that of two whole numbers.
OnnxOperation binary_operation(const char* operation, const char* of_numbers = nullptr) {
  return [=](OnnxCall& call) -> OnnxValues {
    expect_two(call);
    if (of_numbers != nullptr && call.is_of_elements())
      return {of_elements(call, [&](Value* a, Value* b) { return call.call(of_numbers, {a, b}); })};
    return {call.call(operation, {call.tensor(0), call.tensor(1)})};
  };
}

OnnxValues onnx_divide(OnnxCall& call) {
  expect_two(call);
  if (call.is_of_elements())
    return {of_elements(call, [&](Value* a, Value* b) { return call.call("aten::floordiv", {a, b}); })};
  if (!call.is_whole(0)) return {call.call("aten::div", {call.tensor(0), call.tensor(1)})};
  if (const auto divisor = call.known(1); divisor && divisor->eq(0).any().item<bool>()) call.refuse("divides by 0");
  return {call.call("aten::div", {call.tensor(0), call.tensor(1)}, {{"rounding_mode", "trunc"}})};
}

OnnxValues onnx_power(OnnxCall& call) {
  expect_two(call);
  const at::ScalarType type = call.type(0);
  Value* base = call.tensor(0);
  if (const auto exponent = call.known(1); exponent && exponent->numel() == 1 && call.is_float(0) &&
                                           exponent->dim() <= call.rank(0) && exponent->item().toDouble() == 2)
    return {call.call("aten::pow", {base, 2})};
  if (!call.is_float(0) && call.is_float(1)) base = call.cast(base, call.type(1));
  Value* power = call.call("aten::pow", {base, call.tensor(1)});
  return {call.cast(power, type)};
}

OnnxValues onnx_modulo(OnnxCall& call) {
  expect_two(call);
  const bool is_fmod = call.integer("fmod", 0) != 0;
  if (call.is_of_elements())
    return {of_elements(call, [&](Value* a, Value* b) { return call.call("aten::remainder", {a, b}); })};
  return {call.call(is_fmod ? "aten::fmod" : "aten::remainder", {call.tensor(0), call.tensor(1)})};
}

/// Of any number of tensors: the greatest, the least, the sum, the mean.
OnnxOperation of_several(const char* operation, const char* of_numbers, bool is_mean = false) {
  return [=](OnnxCall& call) -> OnnxValues {
    if (call.inputs() == 2 && of_numbers != nullptr && call.is_of_elements())
      return {of_elements(call, [&](Value* a, Value* b) { return call.call(of_numbers, {a, b}); })};
    Value* all = call.tensor(0);
    for (size_t place = 1; place < call.inputs(); ++place) all = call.call(operation, {all, call.tensor(place)});
    return {is_mean ? call.call("aten::div", {all, static_cast<int64_t>(call.inputs())}) : all};
  };
}

OnnxValues onnx_equal(OnnxCall& call) {
  expect_two(call);
  if (!call.is_of_elements()) return {call.call("aten::eq", {call.tensor(0), call.tensor(1)})};
  // A number that follows the batch is none that is known, such as the -1 that PyTorch's exporter asks for.
  return {tensor_of_elements(call.program, of_elements(call, [&](Value* a, Value* b) {
                               const auto first = call.known_integer(a), second = call.known_integer(b);
                               if (first && second) return call.number_value(*first == *second ? 1 : 0);
                               const auto known = first ? first : second;
                               if (known && *known < 0) return call.number_value(0);
                               return call.call("aten::Int", {call.call("aten::eq", {a, b})});
                             }))};
}

OnnxValues onnx_where(OnnxCall& call) {
  const auto condition = call.known(0);
  const auto may_be_parted = [&](size_t place) {
    const auto tensor = call.known(place);
    return call.value(place).elements ||
           (tensor && tensor->dim() <= 1 && c10::isIntegralType(tensor->scalar_type(), false));
  };
  if (condition && condition->dim() <= 1 && may_be_parted(1) && may_be_parted(2) &&
      (call.value(1).elements || call.value(2).elements)) {
    const std::vector<Value*> yes = call.integers(1), no = call.integers(2);
    const at::Tensor flags = condition->to(at::kBool).reshape({-1});
    const auto count =
        static_cast<size_t>(std::max<int64_t>(flags.numel(), static_cast<int64_t>(std::max(yes.size(), no.size()))));
    const auto fits = [&](size_t size) { return size == count || size == 1; };
    if (!fits(yes.size()) || !fits(no.size()) || !fits(static_cast<size_t>(flags.numel())))
      call.refuse("its lists are of lengths that do not fit each other");
    std::vector<Value*> all;
    for (size_t i = 0; i < count; ++i) {
      const bool holds = flags[flags.numel() == 1 ? 0 : static_cast<int64_t>(i)].item<bool>();
      const std::vector<Value*>& from = holds ? yes : no;
      all.push_back(from[from.size() == 1 ? 0 : i]);
    }
    return {OnnxValue::of_elements(all, count != 1 || condition->dim() == 1)};
  }
  Value* flags = call.cast(call.tensor(0), at::kBool);
  return {call.call("aten::where", {flags, call.tensor(1), call.tensor(2)})};
}

OnnxValues onnx_cast(OnnxCall& call) {
  if (!call.text("saturate", "").empty()) call.refuse("saturates by text");
  const at::ScalarType type = call.type_of(call.integer("to"));
  if (call.value(0).elements && c10::isIntegralType(type, false)) return {call.value(0)};
  return {call.cast(call.tensor(0), type)};
}

OnnxValues onnx_cast_like(OnnxCall& call) {
  return {call.cast(call.tensor(0), call.type(1))};
}

OnnxValues onnx_clip(OnnxCall& call) {
  const auto bound = [&](const char* name, size_t place) -> c10::IValue {
    if (call.opset() < 11) return call.has_attribute(name) ? c10::IValue(call.number(name, 0)) : c10::IValue();
    if (!call.has(place)) return {};
    const at::Tensor value = call.constant(place);
    if (value.numel() != 1) call.refuse("has a bound that is no number");
    return value.item();
  };
  if (call.opset() >= 11 && ((call.has(1) && !call.known(1)) || (call.has(2) && !call.known(2)))) {
    Value* value = call.tensor(0);
    if (call.has(1)) value = call.call("aten::maximum", {value, call.tensor(1)});
    if (call.has(2)) value = call.call("aten::minimum", {value, call.tensor(2)});
    return {value};
  }
  const c10::IValue least = bound("min", 1), most = bound("max", 2);
  if (least.isNone() && most.isNone()) return {call.tensor(0)};
  if (least.isNone()) return {call.call("aten::clamp_max", {call.tensor(0), most})};
  if (most.isNone()) return {call.call("aten::clamp_min", {call.tensor(0), least})};
  return {call.call("aten::clamp", {call.tensor(0), least, most})};
}

OnnxValues onnx_negate(OnnxCall& call) {
  return {call.call("aten::neg", {call.tensor(0)})};
}

OnnxValues onnx_is_infinite(OnnxCall& call) {
  const bool negative = call.integer("detect_negative", 1) != 0, positive = call.integer("detect_positive", 1) != 0;
  if (negative && positive) return {call.call("aten::isinf", {call.tensor(0)})};
  if (negative) return {call.call("aten::isneginf", {call.tensor(0)})};
  if (positive) return {call.call("aten::isposinf", {call.tensor(0)})};
  return {call.call("aten::zeros_like", {call.tensor(0)}, {{"dtype", at::kBool}})};
}

OnnxValues onnx_shift(OnnxCall& call) {
  const std::string direction = call.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") call.refuse("shifts neither LEFT nor RIGHT");
  return {call.call(direction == "LEFT" ? "aten::bitwise_left_shift" : "aten::bitwise_right_shift",
                    {call.tensor(0), call.tensor(1)})};
}

}  // namespace

OnnxOperations onnx_elementwise() {
  return {
      {"Abs", {elementwise("aten::abs")}},
      {"Acos", {elementwise("aten::acos")}},
      {"Acosh", {elementwise("aten::acosh")}},
      {"Add", {binary_operation("aten::add", "aten::add"), Weights::trained}},
      {"And", {binary_operation("aten::logical_and")}},
      {"Asin", {elementwise("aten::asin")}},
      {"Asinh", {elementwise("aten::asinh")}},
      {"Atan", {elementwise("aten::atan")}},
      {"Atanh", {elementwise("aten::atanh")}},
      {"BitShift", {onnx_shift}},
      {"BitwiseAnd", {binary_operation("aten::bitwise_and")}},
      {"BitwiseNot", {elementwise("aten::bitwise_not")}},
      {"BitwiseOr", {binary_operation("aten::bitwise_or")}},
      {"BitwiseXor", {binary_operation("aten::bitwise_xor")}},
      {"Cast", {onnx_cast, Weights::passed_on}},
      {"CastLike", {onnx_cast_like, Weights::passed_on}},
      {"Ceil", {elementwise("aten::ceil")}},
      {"Clip", {onnx_clip}},
      {"Cos", {elementwise("aten::cos")}},
      {"Cosh", {elementwise("aten::cosh")}},
      {"Det", {elementwise("aten::det")}},
      {"Div", {onnx_divide}},
      {"Equal", {onnx_equal}},
      {"Erf", {elementwise("aten::erf")}},
      {"Exp", {elementwise("aten::exp")}},
      {"Floor", {elementwise("aten::floor")}},
      {"Greater", {binary_operation("aten::gt")}},
      {"GreaterOrEqual", {binary_operation("aten::ge")}},
      {"Identity", {onnx_identity, Weights::passed_on}},
      {"IsInf", {onnx_is_infinite}},
      {"IsNaN", {elementwise("aten::isnan")}},
      {"Less", {binary_operation("aten::lt")}},
      {"LessOrEqual", {binary_operation("aten::le")}},
      {"Log", {elementwise("aten::log")}},
      {"Max", {of_several("aten::maximum", "prim::max")}},
      {"Mean", {of_several("aten::add", nullptr, true)}},
      {"Min", {of_several("aten::minimum", "prim::min")}},
      {"Mod", {onnx_modulo}},
      {"Mul", {binary_operation("aten::mul", "aten::mul"), Weights::trained}},
      {"Neg", {onnx_negate, Weights::passed_on}},
      {"Not", {elementwise("aten::logical_not")}},
      {"Or", {binary_operation("aten::logical_or")}},
      {"Pow", {onnx_power}},
      {"Reciprocal", {elementwise("aten::reciprocal")}},
      {"Round", {elementwise("aten::round")}},
      {"Sign", {elementwise("aten::sign")}},
      {"Sin", {elementwise("aten::sin")}},
      {"Sinh", {elementwise("aten::sinh")}},
      {"Sqrt", {elementwise("aten::sqrt")}},
      {"Sub", {binary_operation("aten::sub", "aten::sub")}},
      {"Sum", {of_several("aten::add", "aten::add"), Weights::trained}},
      {"Tan", {elementwise("aten::tan")}},
      {"Where", {onnx_where}},
      {"Xor", {binary_operation("aten::logical_xor")}},
  };
}

}  // namespace limbeck
