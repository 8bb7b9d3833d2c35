// What takes entries by their places, or writes there.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <limits>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

/// Places from 0: negative ones count from the end.
Value* places_from_zero(OnnxCall& call, size_t place, Value* extent) {
  if (!call.is_whole(place)) call.refuse("has places that are no whole numbers");
  Value* places = call.cast(call.tensor(place), at::kLong);
  if (const auto known = call.known(place); known && (known->numel() == 0 || known->min().item().toLong() >= 0))
    return places;
  Value* counted = call.call("aten::add", {places, extent});
  return call.call("aten::where", {call.call("aten::lt", {places, 0}), counted, places});
}

OnnxValues onnx_gather(OnnxCall& call) {
  if (call.value(0).elements) {
    const std::vector<Value*> elements = call.integers(0);
    const at::Tensor places = call.constant(1);
    if (places.dim() <= 1 && c10::isIntegralType(places.scalar_type(), false)) {
      std::vector<Value*> taken;
      for (int64_t place : call.constant_integers(1)) {
        if (place < 0) place += static_cast<int64_t>(elements.size());
        if (place < 0 || place >= static_cast<int64_t>(elements.size()))
          call.refuse("takes an element that is not there");
        taken.push_back(elements[static_cast<size_t>(place)]);
      }
      const OnnxValue made = OnnxValue::of_elements(taken, places.dim() == 1);
      const bool is_known =
          std::all_of(taken.begin(), taken.end(), [&](Value* e) { return call.known_integer(e).has_value(); });
      return {is_known ? OnnxValue(tensor_of_elements(call.program, made)) : made};
    }
  }
  const int64_t rank = call.rank(0), axis = call.axis(call.integer("axis", 0), rank);
  if (const auto place = call.known(1); place && place->dim() == 0 && call.is_whole(1))
    return {call.call("aten::select", {call.tensor(0), axis, place->item().toLong()})};
  Value* places = places_from_zero(call, 1, call.size(0, axis));
  if (call.rank(1) == 1) return {call.call("aten::index_select", {call.tensor(0), axis, places})};
  if (rank == 2 && axis == 0 && call.is_float(0)) return {call.call("aten::embedding", {call.tensor(0), places})};
  Value* flat = call.call("aten::index_select", {call.tensor(0), axis, call.reshape(places, Shape{-1})});
  std::vector<Value*> shape = call.sizes(0);
  const std::vector<Value*> inner = call.sizes(1);
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, inner.begin(), inner.end());
  return {call.reshape(flat, shape)};
}

OnnxValues onnx_gather_elements(OnnxCall& call) {
  const int64_t axis = call.axis(call.integer("axis", 0), call.rank(0));
  return {call.call("aten::gather", {call.tensor(0), axis, places_from_zero(call, 1, call.size(0, axis))})};
}

/// Rows of a matrix [entries, what is taken of each] that tuples of places name.
struct FlatPlaces {
  Value* rows;                 ///< [n]
  std::vector<Value*> taken;   ///< extents of what is taken
  std::vector<Value*> around;  ///< extents of the places, without their last axis
};

Value* product_of(OnnxCall& call, const std::vector<Value*>& numbers) {
  Value* product = call.number_value(1);
  for (Value* number : numbers) product = call.call("aten::mul", {product, number});
  return product;
}

FlatPlaces flat_places(OnnxCall& call, int64_t batch_axes) {
  const int64_t rank = call.rank(0), places_rank = call.rank(1);
  if (batch_axes < 0 || places_rank < 1 || batch_axes >= std::min(rank, places_rank))
    call.refuse("has places of too few axes");
  const auto known_depth = call.known_integer(call.size(1, places_rank - 1));
  if (!known_depth || *known_depth < 1 || *known_depth > rank - batch_axes)
    call.refuse("has places of an unknown depth");
  const int64_t depth = *known_depth;
  const std::vector<Value*> sizes = call.sizes(0), around = call.sizes(1);
  Value* places = call.cast(call.tensor(1), at::kLong);
  Value* rows = nullptr;
  const auto add = [&](Value* part, Value* extent) {
    rows = rows == nullptr ? part : call.call("aten::add", {call.call("aten::mul", {rows, extent}), part});
  };
  for (int64_t axis = 0; axis < batch_axes; ++axis) {
    Value* counted = call.call("aten::arange", {sizes[static_cast<size_t>(axis)]},
                               {{"dtype", at::kLong}, {"device", call.program.device()}});
    Shape shape(static_cast<size_t>(places_rank - 1), 1);
    shape[static_cast<size_t>(axis)] = -1;
    add(call.reshape(counted, shape), sizes[static_cast<size_t>(axis)]);
  }
  for (int64_t i = 0; i < depth; ++i) {
    Value* extent = sizes[static_cast<size_t>(batch_axes + i)];
    Value* part = call.call("aten::select", {places, -1, i});
    Value* counted = call.call("aten::add", {part, extent});
    add(call.call("aten::where", {call.call("aten::lt", {part, 0}), counted, part}), extent);
  }
  return {call.reshape(rows, Shape{-1}),
          {sizes.begin() + batch_axes + depth, sizes.end()},
          {around.begin(), around.end() - 1}};
}

Value* as_rows(OnnxCall& call, Value* value, const std::vector<Value*>& taken) {
  return call.reshape(value, std::vector<Value*>{call.number_value(-1), product_of(call, taken)});
}

OnnxValues onnx_gather_nd(OnnxCall& call) {
  const FlatPlaces places = flat_places(call, call.integer("batch_dims", 0));
  Value* rows = call.call("aten::index_select", {as_rows(call, call.tensor(0), places.taken), 0, places.rows});
  std::vector<Value*> shape = places.around;
  shape.insert(shape.end(), places.taken.begin(), places.taken.end());
  return {call.reshape(rows, shape)};
}

/// By ONNX's name for how written values meet those that are there; "" where they take their place.
const char* reduction_name(OnnxCall& call) {
  const std::string reduction = call.text("reduction", "none");
  if (reduction == "none") return "";
  if (reduction == "add") return "sum";
  if (reduction == "mul") return "prod";
  if (reduction == "max") return "amax";
  if (reduction == "min") return "amin";
  call.refuse(fmt::format("joins values by '{}'", reduction));
}

Value* written(OnnxCall& call, Value* into, int64_t axis, Value* places, Value* values) {
  const std::string reduction = reduction_name(call);
  if (reduction.empty()) return call.call("aten::scatter", {into, axis, places, values});
  if (reduction == "sum") return call.call("aten::scatter_add", {into, axis, places, values});
  return call.call("aten::scatter_reduce", {into, axis, places, values, reduction});
}

OnnxValues onnx_scatter_elements(OnnxCall& call) {
  const int64_t axis = call.axis(call.integer("axis", 0), call.rank(0));
  return {written(call, call.tensor(0), axis, places_from_zero(call, 1, call.size(0, axis)), call.tensor(2))};
}

OnnxValues onnx_scatter_nd(OnnxCall& call) {
  const FlatPlaces places = flat_places(call, 0);
  Value* rows = as_rows(call, call.tensor(0), places.taken);
  Value* values = as_rows(call, call.tensor(2), places.taken);
  Value* wide = call.call("aten::expand_as", {call.call("aten::unsqueeze", {places.rows, 1}), values});
  return {call.reshape(written(call, rows, 0, wide, values), call.sizes(0))};
}

struct Cut {
  int64_t axis;
  Value *begin, *end;
  int64_t step;
};

OnnxValues onnx_slice(OnnxCall& call) {
  constexpr int64_t kAsInputs = 10;
  std::vector<Value*> begins, ends;
  std::optional<Shape> axes;
  Shape steps;
  if (call.opset() < kAsInputs) {
    for (const int64_t place : call.integer_list("starts").value_or(Shape()))
      begins.push_back(call.number_value(place));
    for (const int64_t place : call.integer_list("ends").value_or(Shape())) ends.push_back(call.number_value(place));
    axes = call.integer_list("axes");
  } else {
    begins = call.integers(1);
    ends = call.integers(2);
    if (call.has(3)) axes = call.constant_integers(3);
    if (call.has(4)) steps = call.constant_integers(4);
  }
  if (steps.empty()) steps = Shape(begins.size(), 1);
  if (!axes)
    for (axes.emplace(); axes->size() < begins.size();) axes->push_back(static_cast<int64_t>(axes->size()));
  if (ends.size() != begins.size() || axes->size() != begins.size() || steps.size() != begins.size())
    call.refuse("has lists of different lengths");
  const bool is_of_elements = call.value(0).elements.has_value();
  const int64_t rank = is_of_elements ? 1 : call.rank(0);
  call.axes(*axes, rank);
  if (is_of_elements) {
    const std::vector<Value*> elements = call.integers(0);
    const auto count = static_cast<int64_t>(elements.size());
    std::vector<Value*> taken;
    const auto bound = [&](const std::vector<Value*>& all) {
      const auto known = call.known_integer(all.at(0));
      if (!known) call.refuse("takes a part of a shape that follows the batch");
      return *known < 0 ? *known + count : *known;
    };
    if (steps[0] < 1) call.refuse("takes a shape backwards");
    for (int64_t i = std::clamp<int64_t>(bound(begins), 0, count); i < std::min(bound(ends), count); i += steps[0])
      taken.push_back(elements[static_cast<size_t>(i)]);
    const OnnxValue made = OnnxValue::of_elements(taken, true);
    const bool is_known =
        std::all_of(taken.begin(), taken.end(), [&](Value* e) { return call.known_integer(e).has_value(); });
    return {is_known ? OnnxValue(tensor_of_elements(call.program, made)) : made};
  }
  Value* value = call.tensor(0);
  for (size_t i = 0; i < begins.size(); ++i) {
    const int64_t axis = call.axis((*axes)[i], rank), step = steps[i];
    if (step == 0) call.refuse("has a step of 0");
    if (step > 0) {
      value = call.call("aten::slice", {value, axis, begins[i], ends[i], step});
      continue;
    }
    const auto extent = call.known_integer(call.size(0, axis)), begin = call.known_integer(begins[i]),
               end = call.known_integer(ends[i]);
    if (!extent || !begin || !end) call.refuse("takes a batch backwards");
    const auto counted = [&](int64_t place, int64_t most) {
      return std::clamp(place < 0 ? place + *extent : place, int64_t{-1}, most);
    };
    const int64_t first = counted(std::max(*begin, -*extent - 1), *extent - 1);
    const int64_t last = *end < -*extent ? -1 : counted(*end, *extent - 1);
    std::vector<int64_t> places;
    for (int64_t place = first; place > last && place >= 0; place += std::max(step, -*extent - 1))
      places.push_back(place);
    value = call.call("aten::index_select", {value, axis, at::tensor(places, at::kLong)});
  }
  return {value};
}

/// `on` at the place that an index names, `off` elsewhere
OnnxValues onnx_one_hot(OnnxCall& call) {
  const int64_t depth = static_cast<int64_t>(call.constant_number(1));
  const int64_t rank = call.rank(0), axis = call.axis(call.integer("axis", -1), rank + 1);
  const at::Tensor values = call.constant(2);
  constexpr int64_t kMost = 1 << 24;
  if (values.numel() != 2 || depth < 1 || depth > kMost) call.refuse("expected a depth and two values");
  Value* places = call.cast(call.tensor(0), at::kLong);
  places =
      call.call("aten::where", {call.call("aten::lt", {places, 0}), call.call("aten::add", {places, depth}), places});
  Shape shape(static_cast<size_t>(rank + 1), 1);
  shape[static_cast<size_t>(axis)] = depth;
  Value* counted = call.program.constant(at::arange(depth, at::kLong).reshape(shape));
  Value* hits = call.call("aten::eq", {call.call("aten::unsqueeze", {places, axis}), counted});
  return {call.call("aten::where",
                    {hits, call.program.constant(values[1].clone()), call.program.constant(values[0].clone())})};
}

OnnxValues onnx_top_k(OnnxCall& call) {
  constexpr int64_t kAsInput = 10;
  const int64_t count = call.opset() < kAsInput ? call.integer("k") : static_cast<int64_t>(call.constant_number(1));
  const int64_t axis = call.axis(call.integer("axis", -1), call.rank(0));
  return [&] {
    const auto parts = call.program.unpack(
        call.call("aten::topk", {call.tensor(0), count, axis, call.integer("largest", 1) != 0, true}), 2);
    return OnnxValues(parts.begin(), parts.end());
  }();
}

OnnxValues onnx_compress(OnnxCall& call) {
  const at::Tensor flags = call.constant(1);
  if (flags.dim() != 1) call.refuse("expected a list of conditions");
  const at::Tensor places = flags.to(at::kBool).nonzero().reshape({-1});
  if (!call.has_attribute("axis"))
    return {call.call("aten::index_select", {call.reshape(call.tensor(0), Shape{-1}), 0, places})};
  return {call.call("aten::index_select", {call.tensor(0), call.axis(call.integer("axis"), call.rank(0)), places})};
}

OnnxValues onnx_non_zero(OnnxCall& call) {
  if (!call.known(0)) call.program.extents_follow_content();
  return {call.call("aten::t", {call.call("aten::nonzero", {call.tensor(0)})})};
}

OnnxValues onnx_reverse_sequence(OnnxCall& call) {
  const int64_t time = call.integer("time_axis", 0), batch = call.integer("batch_axis", 1);
  if (call.rank(0) < 2 || time + batch != 1 || time < 0 || batch < 0)
    call.refuse("expected the axes 0 and 1 for time and batch");
  const auto steps = call.known_integer(call.size(0, time));
  if (!steps) call.refuse("takes a batch backwards");
  // Step t of an example of n steps is its step n − 1 − t, where t is less than n.
  Shape along = {1, 1}, across = {1, 1};
  along[static_cast<size_t>(time)] = *steps;
  across[static_cast<size_t>(batch)] = -1;
  Value* t = call.program.constant(at::arange(*steps, at::kLong).reshape(along));
  Value* lengths = call.reshape(call.cast(call.tensor(1), at::kLong), across);
  Value* turned = call.call("aten::sub", {call.call("aten::sub", {lengths, 1}), t});
  Value* places = call.call("aten::where", {call.call("aten::ge", {turned, 0}), turned, t});
  Shape shape(static_cast<size_t>(call.rank(0)), 1);
  std::vector<Value*> wide;
  for (int64_t axis = 0; axis < call.rank(0); ++axis)
    wide.push_back(axis < 2 ? call.program.size(places, axis) : call.number_value(1));
  places = call.call("aten::expand", {call.reshape(places, wide), call.program.int_list(call.sizes(0))});
  return {call.call("aten::gather", {call.tensor(0), time, places})};
}

}  // namespace

OnnxOperations onnx_indexing() {
  return {
      {"Compress", {onnx_compress}},
      {"Gather", {onnx_gather, Weights::trained}},
      {"GatherElements", {onnx_gather_elements}},
      {"GatherND", {onnx_gather_nd}},
      {"NonZero", {onnx_non_zero}},
      {"OneHot", {onnx_one_hot}},
      {"ReverseSequence", {onnx_reverse_sequence}},
      {"Scatter", {onnx_scatter_elements}},
      {"ScatterElements", {onnx_scatter_elements}},
      {"ScatterND", {onnx_scatter_nd}},
      {"Slice", {onnx_slice, Weights::passed_on}},
      {"TopK", {onnx_top_k}},
  };
}

}  // namespace limbeck
