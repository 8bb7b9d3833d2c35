// What gives tensors other shapes, puts them together or takes them apart, and makes new ones.
#include <ATen/TensorOperators.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <limits>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

bool is_list_of_elements(const OnnxCall& call, size_t place) {
  return call.value(place).elements.has_value();
}

/// Numbers as a value: a constant where all are known.
OnnxValue from_elements(OnnxCall& call, const std::vector<Value*>& elements, bool is_list) {
  const OnnxValue made = OnnxValue::of_elements(elements, is_list);
  const bool is_known =
      std::all_of(elements.begin(), elements.end(), [&](Value* e) { return call.known_integer(e).has_value(); });
  return is_known ? OnnxValue(tensor_of_elements(call.program, made)) : made;
}

OnnxValues onnx_constant(OnnxCall& call) {
  if (call.has_attribute("value")) return {call.tensor_attribute("value")};
  if (call.has_attribute("value_float")) return {at::scalar_tensor(call.number("value_float", 0), at::kFloat)};
  if (call.has_attribute("value_int")) return {at::scalar_tensor(call.integer("value_int"), at::kLong)};
  if (const auto numbers = call.number_list("value_floats")) return {at::tensor(*numbers, at::kFloat)};
  if (const auto numbers = call.integer_list("value_ints")) return {at::tensor(*numbers, at::kLong)};
  call.refuse("holds neither a tensor nor numbers");
}

OnnxValues onnx_constant_of_shape(OnnxCall& call) {
  at::Tensor value = at::scalar_tensor(0, at::kFloat);
  if (call.has_attribute("value")) value = call.tensor_attribute("value");
  if (value.numel() != 1) call.refuse("has a value that is no number");
  const std::vector<Value*> shape = call.integers(0);
  const bool is_known =
      std::all_of(shape.begin(), shape.end(), [&](Value* s) { return call.known_integer(s).has_value(); });
  if (is_known) {
    Value* one = call.program.constant(value.reshape({}));
    return {call.call("aten::repeat", {call.reshape(one, Shape(shape.size(), 1)), call.program.int_list(shape)})};
  }
  return {call.call("aten::full", {call.program.int_list(shape), value.item()},
                    {{"dtype", value.scalar_type()}, {"device", call.program.device()}})};
}

OnnxValues onnx_shape(OnnxCall& call) {
  const int64_t rank = call.rank(0);
  const auto place = [&](const char* name, int64_t otherwise) {
    const int64_t given = call.integer(name, otherwise);
    return std::clamp<int64_t>(given < 0 ? given + rank : given, 0, rank);
  };
  std::vector<Value*> elements;
  for (int64_t axis = place("start", 0); axis < place("end", rank); ++axis) elements.push_back(call.size(0, axis));
  return {from_elements(call, elements, true)};
}

OnnxValues onnx_size(OnnxCall& call) {
  Value* product = call.number_value(1);
  for (Value* size : call.sizes(0)) product = call.call("aten::mul", {product, size});
  return {from_elements(call, {product}, false)};
}

/// In a file for a number of examples that it names, a shape that begins with this number means that of the batch.
bool means_batch(const OnnxCall& call, size_t place, const std::vector<Value*>& shape) {
  const int64_t fixed = call.reading.fixed_batch;
  return fixed > 0 && call.value(place).value != nullptr && !shape.empty() && call.known_integer(shape[0]) == fixed &&
         call.program.follows_batch(call.value(place).value, 0);
}

OnnxValues onnx_reshape(OnnxCall& call) {
  std::vector<Value*> shape = call.integers(1);
  const bool copies_zeros = call.integer("allowzero", 0) == 0;
  if (is_list_of_elements(call, 0) && shape.size() <= 1)
    return {from_elements(call, call.integers(0), shape.size() == 1)};
  Value* value = call.tensor(0);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!copies_zeros || call.known_integer(shape[i]) != 0) continue;
    if (static_cast<int64_t>(i) >= call.rank(0)) call.refuse("copies an extent that its input does not have");
    shape[i] = call.size(0, static_cast<int64_t>(i));
  }
  if (means_batch(call, 0, shape)) shape[0] = call.size(0, 0);
  return {call.reshape(value, shape)};
}

OnnxValues onnx_flatten(OnnxCall& call) {
  const int64_t rank = call.rank(0), given = call.integer("axis", 1);
  const int64_t axis = given == rank ? rank : call.axis(given, std::max<int64_t>(rank, 1));
  if (axis == 1 && rank >= 2) return {call.call("aten::flatten", {call.tensor(0), 1})};
  if (axis == 0) return {call.reshape(call.tensor(0), Shape{1, -1})};
  if (axis == rank) return {call.reshape(call.tensor(0), Shape{-1, 1})};
  Value* rows = call.number_value(1);
  for (int64_t i = 0; i < axis; ++i) rows = call.call("aten::mul", {rows, call.size(0, i)});
  return {call.reshape(call.tensor(0), std::vector<Value*>{rows, call.number_value(-1)})};
}

OnnxValues onnx_squeeze(OnnxCall& call) {
  const auto given = call.integers_by_opset("axes", 13, 1);
  if (is_list_of_elements(call, 0)) return {from_elements(call, call.integers(0), false)};
  const Shape shape = call.shape(0);
  Shape axes;
  if (given) axes = call.axes(*given, call.rank(0));
  for (int64_t axis = 0; !given && axis < call.rank(0); ++axis)
    if (shape[static_cast<size_t>(axis)] == 1) axes.push_back(axis);
  Value* value = call.tensor(0);
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    if (shape[static_cast<size_t>(*axis)] != 1)
      call.refuse(fmt::format("takes away axis {}, whose extent is not 1", *axis));
    value = call.call("aten::squeeze", {value, *axis});
  }
  return {value};
}

OnnxValues onnx_unsqueeze(OnnxCall& call) {
  const auto given = call.integers_by_opset("axes", 13, 1);
  if (!given) call.refuse("expected axes");
  if (is_list_of_elements(call, 0) && !call.value(0).is_list && given->size() == 1)
    return {from_elements(call, call.integers(0), true)};
  Value* value = call.tensor(0);
  for (const int64_t axis : call.axes(*given, call.rank(0) + static_cast<int64_t>(given->size())))
    value = call.call("aten::unsqueeze", {value, axis});
  return {value};
}

OnnxValues onnx_transpose(OnnxCall& call) {
  const int64_t rank = call.rank(0);
  Shape order;
  for (int64_t axis = rank - 1; axis >= 0; --axis) order.push_back(axis);
  if (const auto given = call.integer_list("perm")) order = *given;
  if (static_cast<int64_t>(call.axes(order, rank).size()) != rank) call.refuse("names too few axes");
  for (int64_t& axis : order) axis = call.axis(axis, rank);
  return {call.permute(call.tensor(0), order)};
}

OnnxValues onnx_concat(OnnxCall& call) {
  if (call.inputs() == 0) call.refuse("has no input");
  if (call.is_of_elements()) {
    std::vector<Value*> all;
    for (size_t place = 0; place < call.inputs(); ++place)
      for (Value* element : call.integers(place)) all.push_back(element);
    return {from_elements(call, all, true)};
  }
  const int64_t axis = call.axis(call.integer("axis"), call.rank(0));
  std::vector<Value*> tensors;
  Value* rows = nullptr;  // one that has a row for each example
  for (size_t place = 0; place < call.inputs(); ++place) {
    tensors.push_back(call.tensor(place));
    if (call.program.follows_batch(tensors.back(), 0)) rows = tensors.back();
  }
  for (Value*& tensor : tensors) {  // in a file for one example, its own row stands for all
    if (call.reading.fixed_batch != 1 || rows == nullptr || axis == 0 || call.program.follows_batch(tensor, 0))
      continue;
    const Shape shape = call.program.tensor(tensor).sizes().vec();
    std::vector<Value*> repeated(shape.size(), call.number_value(-1));
    repeated.at(0) = call.program.size(rows, 0);
    if (shape[0] == 1) tensor = call.call("aten::expand", {tensor, call.program.int_list(repeated)});
  }
  return {call.call("aten::cat", {call.program.list(tensors), axis})};
}

OnnxValues onnx_split(OnnxCall& call) {
  const int64_t rank = call.rank(0), axis = call.axis(call.integer("axis", 0), rank);
  std::optional<Shape> sizes = call.integers_by_opset("split", 13, 1);
  const auto extent = call.known_integer(call.size(0, axis));
  if (!extent) call.refuse("takes a batch apart");
  if (!sizes) {
    const int64_t parts = call.integer("num_outputs", static_cast<int64_t>(call.outputs()));
    if (parts < 1 || parts > static_cast<int64_t>(call.outputs())) call.refuse(fmt::format("gives {} parts", parts));
    const int64_t each = (*extent + parts - 1) / parts;
    sizes = Shape(static_cast<size_t>(parts), each);
    sizes->back() = *extent - each * (parts - 1);
  }
  int64_t sum = 0;
  for (const int64_t size : *sizes)
    if (size < 0 || __builtin_add_overflow(sum, size, &sum)) call.refuse("has a part of a negative extent");
  if (sum != *extent || sizes->size() != call.outputs())
    call.refuse(fmt::format("has parts that do not make up the extent {}", *extent));
  if (is_list_of_elements(call, 0)) {
    OnnxValues all;
    const std::vector<Value*> elements = call.integers(0);
    auto at = elements.begin();
    for (const int64_t size : *sizes) {
      all.push_back(from_elements(call, {at, at + size}, true));
      at += size;
    }
    return all;
  }
  const std::vector<Value*> parts = call.split(call.tensor(0), *sizes, axis);
  return {parts.begin(), parts.end()};
}

OnnxValues onnx_expand(OnnxCall& call) {
  std::vector<Value*> shape = call.integers(1);
  const Shape own = call.shape(0);
  while (shape.size() < own.size()) shape.insert(shape.begin(), call.number_value(1));
  if (means_batch(call, 0, shape)) shape[0] = call.number_value(1);
  const size_t ahead = shape.size() - own.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto wanted = call.known_integer(shape[i]);
    if (wanted && *wanted < 0) call.refuse("has a negative extent");
    if (i >= ahead && ((wanted && *wanted == 1) || own[i - ahead] != 1)) shape[i] = call.number_value(-1);
    if (i >= ahead && wanted && *wanted != 1 && own[i - ahead] != 1 && *wanted != own[i - ahead])
      call.refuse(fmt::format("cannot repeat an extent of {} to {}", own[i - ahead], *wanted));
  }
  return {call.call("aten::expand", {call.tensor(0), call.program.int_list(shape)})};
}

OnnxValues onnx_tile(OnnxCall& call) {
  const std::vector<Value*> repeats = call.integers(1);
  if (static_cast<int64_t>(repeats.size()) != call.rank(0)) call.refuse("expected a number for each axis");
  return {call.call("aten::repeat", {call.tensor(0), call.program.int_list(repeats)})};
}

OnnxValues onnx_range(OnnxCall& call) {
  const at::ScalarType type = call.type(0);
  std::vector<torch::jit::NamedValue> bounds;
  for (size_t place = 0; place < 3; ++place) {
    if (const auto number = call.known(place)) {
      if (number->numel() != 1) call.refuse("is bounded by a list");
      bounds.emplace_back(c10::IValue(number->item()));
    } else if (c10::isIntegralType(type, false)) {
      bounds.emplace_back(call.integers(place).at(0));
    } else {
      bounds.emplace_back(call.call("aten::Float", {call.tensor(place)}));
    }
  }
  const bool is_known = call.known(0) && call.known(1) && call.known(2);
  TriedProgram::Arguments named = {{"dtype", type}};
  if (!is_known) named.emplace_back("device", call.program.device());
  return {call.call("aten::arange", {bounds[0], bounds[1], bounds[2]}, named)};
}

/// Amounts to add at each axis' beginning and end.
OnnxValues onnx_pad(OnnxCall& call) {
  constexpr int64_t kAsInput = 11;
  const std::string mode = call.text("mode", "constant");
  const int64_t rank = call.rank(0);
  const bool is_attribute = call.opset() < kAsInput;
  const Shape given = is_attribute ? call.integer_list("pads").value_or(Shape()) : call.constant_integers(1);
  Shape axes;
  if (call.has(3)) {
    axes = call.constant_integers(3);
    call.axes(axes, rank);
    for (int64_t& axis : axes) axis = call.axis(axis, rank);
  } else {
    for (int64_t axis = 0; axis < rank; ++axis) axes.push_back(axis);
  }
  if (given.size() != 2 * axes.size()) call.refuse(fmt::format("has {} pads for {} axes", given.size(), axes.size()));
  Value* value = call.tensor(0);
  if (mode == "constant") {
    c10::IValue filling = 0.0;
    if (is_attribute)
      filling = call.number("value", 0);
    else if (call.has(2))
      filling = call.constant(2).numel() == 1 ? c10::IValue(call.constant(2).item()) : c10::IValue(0.0);
    Shape pads(static_cast<size_t>(2 * rank), 0);  // from the last axis on: before, after, …
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto at = static_cast<size_t>(2 * (rank - 1 - axes[i]));
      pads[at] = given[i];
      pads[at + 1] = given[axes.size() + i];
    }
    while (pads.size() >= 2 && pads.back() == 0 && pads[pads.size() - 2] == 0) pads.resize(pads.size() - 2);
    return {pads.empty() ? value : call.call("aten::constant_pad_nd", {value, pads, filling})};
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t extent = call.program.tensor(value).size(axes[i]), before = given[i], after = given[axes.size() + i];
    if (before == 0 && after == 0) continue;
    if (!call.known_integer(call.program.size(value, axes[i]))) call.refuse("pads the batch");
    constexpr int64_t kMost = int64_t{1} << 20;
    if (extent < 1 || before < -extent || after < -extent || before > kMost || after > kMost)
      call.refuse("pads by an absurd amount");
    std::vector<int64_t> places;
    for (int64_t at = -before; at < extent + after; ++at) {
      int64_t place = at;
      const int64_t period = std::max<int64_t>(2 * (extent - 1), 1), turn = ((at % period) + period) % period;
      if (mode == "edge")
        place = std::clamp<int64_t>(at, 0, extent - 1);
      else if (mode == "reflect")
        place = extent == 1 ? 0 : std::min(turn, period - turn);
      else if (mode == "wrap")
        place = ((at % extent) + extent) % extent;
      else
        call.refuse(fmt::format("fills by the mode '{}'", mode));
      places.push_back(place);
    }
    value = call.call("aten::index_select", {value, axes[i], at::tensor(places, at::kLong)});
  }
  return {value};
}

/// [N, C, H, W] to [N, C/b², bH, bW]
OnnxValues onnx_depth_to_space(OnnxCall& call) {
  const int64_t block = call.integer("blocksize");
  const std::string mode = call.text("mode", "DCR");
  if (call.rank(0) != 4) call.refuse("expected 4 axes");
  const Shape shape = call.shape(0);
  constexpr int64_t kMost = 1 << 15;
  if (block < 1 || block > kMost || shape[1] % (block * block) != 0)
    call.refuse("has a block that does not fit the channels");
  if (mode == "CRD") return {call.call("aten::pixel_shuffle", {call.tensor(0), block})};
  if (mode != "DCR") call.refuse(fmt::format("is of the mode '{}'", mode));
  const std::vector<Value*> sizes = call.sizes(0);
  const auto number = [&](int64_t n) { return call.number_value(n); };
  const int64_t depth = shape[1] / (block * block);
  Value* apart =
      call.reshape(call.tensor(0), {sizes[0], number(block), number(block), number(depth), sizes[2], sizes[3]});
  return {call.reshape(call.permute(apart, {0, 3, 4, 1, 5, 2}),
                       {sizes[0], number(depth), number(shape[2] * block), number(shape[3] * block)})};
}

OnnxValues onnx_space_to_depth(OnnxCall& call) {
  const int64_t block = call.integer("blocksize");
  if (call.rank(0) != 4) call.refuse("expected 4 axes");
  const Shape shape = call.shape(0);
  if (block < 1 || shape[2] % block != 0 || shape[3] % block != 0)
    call.refuse("has a block that does not fit the sides");
  const std::vector<Value*> sizes = call.sizes(0);
  const auto number = [&](int64_t n) { return call.number_value(n); };
  const int64_t rows = shape[2] / block, columns = shape[3] / block;
  Value* apart =
      call.reshape(call.tensor(0), {sizes[0], sizes[1], number(rows), number(block), number(columns), number(block)});
  return {call.reshape(call.permute(apart, {0, 3, 5, 1, 2, 4}),
                       {sizes[0], number(shape[1] * block * block), number(rows), number(columns)})};
}

OnnxValues onnx_eye_like(OnnxCall& call) {
  if (call.rank(0) != 2) call.refuse("expected a matrix");
  const at::ScalarType type = call.has_attribute("dtype") ? call.type_of(call.integer("dtype")) : call.type(0);
  Value* ones = call.call("aten::ones_like", {call.tensor(0)}, {{"dtype", at::kFloat}});
  const int64_t diagonal = call.integer("k", 0);
  Value* lower = call.call("aten::tril", {ones, diagonal});
  return {call.cast(call.call("aten::triu", {lower, diagonal}), type)};
}

OnnxValues onnx_trilu(OnnxCall& call) {
  if (call.rank(0) < 2) call.refuse("expected a matrix");
  const int64_t diagonal = call.has(1) ? call.constant_integers(1).at(0) : 0;
  return {call.call(call.integer("upper", 1) != 0 ? "aten::triu" : "aten::tril", {call.tensor(0), diagonal})};
}

}  // namespace

OnnxOperations onnx_shapes() {
  return {
      {"Concat", {onnx_concat, Weights::passed_on}},
      {"Constant", {onnx_constant}},
      {"ConstantOfShape", {onnx_constant_of_shape}},
      {"DepthToSpace", {onnx_depth_to_space}},
      {"Expand", {onnx_expand, Weights::passed_on}},
      {"EyeLike", {onnx_eye_like}},
      {"Flatten", {onnx_flatten, Weights::passed_on}},
      {"Pad", {onnx_pad}},
      {"Range", {onnx_range}},
      {"Reshape", {onnx_reshape, Weights::passed_on}},
      {"Shape", {onnx_shape}},
      {"Size", {onnx_size}},
      {"SpaceToDepth", {onnx_space_to_depth}},
      {"Split", {onnx_split, Weights::passed_on}},
      {"Squeeze", {onnx_squeeze, Weights::passed_on}},
      {"Tile", {onnx_tile, Weights::passed_on}},
      {"Transpose", {onnx_transpose, Weights::passed_on}},
      {"Trilu", {onnx_trilu}},
      {"Unsqueeze", {onnx_unsqueeze, Weights::passed_on}},
  };
}

}  // namespace limbeck
