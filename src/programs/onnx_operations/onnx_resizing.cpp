// Resize and its kin: each axis by itself, as places or as a product with the weights of each place.
#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;

struct ResizeMode {
  std::string mode, coordinates, nearest;
  double cubic = -0.75;
  bool leaves_out = false;  ///< entries outside have no weight
};

struct ResizedAxis {
  int64_t axis, from, to;
  double scale;
};

/// Where an entry of the result lies in the input.
double place_in_input(OnnxCall& call, const ResizeMode& by, const ResizedAxis& axis, int64_t at) {
  const double x = static_cast<double>(at), from = static_cast<double>(axis.from), to = static_cast<double>(axis.to);
  const double wide = axis.scale * from;  // what the extent would be without rounding
  if (by.coordinates == "half_pixel") return (x + 0.5) / axis.scale - 0.5;
  if (by.coordinates == "pytorch_half_pixel") return axis.to > 1 ? (x + 0.5) / axis.scale - 0.5 : 0;
  if (by.coordinates == "align_corners") return axis.to == 1 ? 0 : x * (from - 1) / (wide - 1);
  if (by.coordinates == "asymmetric") return x / axis.scale;
  if (by.coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / axis.scale;
  if (by.coordinates == "half_pixel_symmetric") return from / 2 * (1 - to / wide) + (x + 0.5) / axis.scale - 0.5;
  call.refuse(fmt::format("has the coordinates '{}'", by.coordinates));
}

int64_t nearest_place(OnnxCall& call, const ResizeMode& by, double place) {
  if (by.nearest == "round_prefer_floor") return static_cast<int64_t>(std::ceil(place - 0.5));
  if (by.nearest == "round_prefer_ceil") return static_cast<int64_t>(std::floor(place + 0.5));
  if (by.nearest == "floor") return static_cast<int64_t>(std::floor(place));
  if (by.nearest == "ceil") return static_cast<int64_t>(std::ceil(place));
  call.refuse(fmt::format("takes the nearest by '{}'", by.nearest));
}

/// Keys' kernel.
double cubic_weight(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

/// [from, to]: what each entry of the result takes of those of the input.
at::Tensor weights_of(OnnxCall& call, const ResizeMode& by, const ResizedAxis& axis) {
  const bool is_cubic = by.mode == "cubic";
  at::Tensor weights = at::zeros({axis.from, axis.to}, at::kDouble);
  auto* entries = weights.data_ptr<double>();
  for (int64_t at = 0; at < axis.to; ++at) {
    const double place = place_in_input(call, by, axis, at), floor = std::floor(place);
    double sum = 0;
    std::vector<std::pair<int64_t, double>> parts;
    for (int64_t tap = is_cubic ? -1 : 0; tap <= (is_cubic ? 2 : 1); ++tap) {
      const double distance = place - floor - static_cast<double>(tap);
      double weight = is_cubic ? cubic_weight(distance, by.cubic) : 1 - std::abs(distance);
      const double where = floor + static_cast<double>(tap);
      if (by.leaves_out && (where < 0 || where >= static_cast<double>(axis.from))) weight = 0;
      sum += weight;
      parts.emplace_back(static_cast<int64_t>(std::clamp(where, 0.0, static_cast<double>(axis.from - 1))), weight);
    }
    for (const auto& [from, weight] : parts) entries[from * axis.to + at] += by.leaves_out ? weight / sum : weight;
  }
  return weights;
}

Value* resized(OnnxCall& call, Value* value, const ResizeMode& by, const ResizedAxis& axis) {
  constexpr int64_t kMost = 1 << 16;
  if (axis.from < 1 || axis.to < 1 || axis.to > kMost || axis.from > kMost)
    call.refuse(fmt::format("makes {} of an extent of {}", axis.to, axis.from));
  if (by.mode == "nearest") {
    std::vector<int64_t> places;
    for (int64_t at = 0; at < axis.to; ++at)
      places.push_back(
          std::clamp<int64_t>(nearest_place(call, by, place_in_input(call, by, axis, at)), 0, axis.from - 1));
    return call.call("aten::index_select", {value, axis.axis, at::tensor(places, at::kLong)});
  }
  const int64_t last = call.program.tensor(value).dim() - 1;
  Value* weights = call.program.constant(weights_of(call, by, axis).to(call.type(0)));
  Value* turned = axis.axis == last ? value : call.call("aten::transpose", {value, axis.axis, -1});
  Value* product = call.call("aten::matmul", {turned, weights});
  return axis.axis == last ? product : call.call("aten::transpose", {product, axis.axis, -1});
}

/// LibTorch's own, where it has the same.
Value* by_libtorch(OnnxCall& call, Value* value, const ResizeMode& by, const std::vector<ResizedAxis>& axes) {
  if (call.rank(0) != 4 || axes.size() != 2 || axes[0].axis != 2 || axes[1].axis != 3 || by.leaves_out) return nullptr;
  const auto is_whole = [](const ResizedAxis& axis) {
    return axis.scale * static_cast<double>(axis.from) == static_cast<double>(axis.to);
  };
  if (!is_whole(axes[0]) || !is_whole(axes[1])) return nullptr;
  const Shape size = {axes[0].to, axes[1].to};
  const bool is_half =
      by.coordinates == "half_pixel" || (by.coordinates == "pytorch_half_pixel" && size[0] > 1 && size[1] > 1);
  const bool aligns = by.coordinates == "align_corners";
  if (by.mode == "nearest" && by.coordinates == "asymmetric" && by.nearest == "floor" &&
      axes[0].to % axes[0].from == 0 && axes[1].to % axes[1].from == 0)
    return call.call("aten::upsample_nearest2d", {value, size});
  if (by.mode == "linear" && (is_half || aligns)) return call.call("aten::upsample_bilinear2d", {value, size, aligns});
  if (by.mode == "cubic" && by.cubic == -0.75 && (is_half || aligns))
    return call.call("aten::upsample_bicubic2d", {value, size, aligns});
  return nullptr;
}

Value* resized_by(OnnxCall& call, const ResizeMode& by, const std::vector<ResizedAxis>& axes) {
  if (by.mode != "nearest" && by.mode != "linear" && by.mode != "cubic")
    call.refuse(fmt::format("is of the mode '{}'", by.mode));
  place_in_input(call, by, {0, 1, 1, 1}, 0);  // refuses coordinates that are not known
  Value* value = call.tensor(0);
  const at::ScalarType type = call.type(0);
  if (!call.is_float(0) && by.mode != "nearest") call.refuse("is of whole numbers");
  if (call.is_float(0))
    if (Value* done = by_libtorch(call, value, by, axes)) return done;
  for (const ResizedAxis& axis : axes) value = resized(call, value, by, axis);
  return call.cast(value, type);
}

/// The axes that change, for factors of all axes in `axes`.
std::vector<ResizedAxis> by_factors(OnnxCall& call, const std::vector<double>& factors, const Shape& axes) {
  if (factors.size() != axes.size())
    call.refuse(fmt::format("has {} factors for {} axes", factors.size(), axes.size()));
  std::vector<ResizedAxis> all;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t from = call.shape(0)[static_cast<size_t>(axes[i])];
    const double wide = std::floor(static_cast<double>(from) * factors[i]);
    if (!(factors[i] > 0) || !(wide < 1e9)) call.refuse(fmt::format("has a factor of {}", factors[i]));
    if (factors[i] == 1) continue;
    if (!call.known_integer(call.size(0, axes[i]))) call.refuse("resizes the batch");
    all.push_back({axes[i], from, static_cast<int64_t>(wide), factors[i]});
  }
  return all;
}

std::vector<double> known_factors(OnnxCall& call, size_t place) {
  const at::Tensor factors = call.constant(place).to(at::kDouble).contiguous();
  return {factors.data_ptr<double>(), factors.data_ptr<double>() + factors.numel()};
}

std::vector<ResizedAxis> by_sizes(OnnxCall& call, const Shape& axes) {
  const std::vector<Value*> sizes = call.integers(3);
  if (sizes.size() != axes.size()) call.refuse(fmt::format("has {} sizes for {} axes", sizes.size(), axes.size()));
  const std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
  std::vector<ResizedAxis> all;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto to = call.known_integer(sizes[i]);
    const int64_t from = call.shape(0)[static_cast<size_t>(axes[i])];
    if (!call.known_integer(call.size(0, axes[i]))) continue;  // the batch's, which stays
    if (!to) call.refuse("has a size that depends on the input of the network; expected a constant");
    if (*to == from && policy == "stretch") continue;
    if (from < 1 || *to < 1) call.refuse("has an extent below 1");
    all.push_back({axes[i], from, *to, static_cast<double>(*to) / static_cast<double>(from)});
  }
  if (policy == "stretch" || all.empty()) return all;
  const auto less = [](const ResizedAxis& a, const ResizedAxis& b) { return a.scale < b.scale; };
  if (policy != "not_larger" && policy != "not_smaller") call.refuse(fmt::format("keeps ratios by '{}'", policy));
  const double scale = (policy == "not_larger" ? std::min_element(all.begin(), all.end(), less)
                                               : std::max_element(all.begin(), all.end(), less))
                           ->scale;
  for (ResizedAxis& axis : all) {
    axis.scale = scale;
    axis.to = static_cast<int64_t>(std::floor(scale * static_cast<double>(axis.from) + 0.5));
  }
  return all;
}

Shape all_axes(OnnxCall& call) {
  Shape axes;
  for (int64_t axis = 0; axis < call.rank(0); ++axis) axes.push_back(axis);
  return axes;
}

OnnxValues onnx_resize(OnnxCall& call) {
  constexpr int64_t kWithCoordinates = 11;
  if (call.opset() < kWithCoordinates)
    return {resized_by(call, {call.text("mode", "nearest"), "asymmetric", "floor"},
                       by_factors(call, known_factors(call, 1), all_axes(call)))};
  const ResizeMode by{.mode = call.text("mode", "nearest"),
                      .coordinates = call.text("coordinate_transformation_mode", "half_pixel"),
                      .nearest = call.text("nearest_mode", "round_prefer_floor"),
                      .cubic = call.number("cubic_coeff_a", -0.75),
                      .leaves_out = call.integer("exclude_outside", 0) != 0};
  if (call.integer("antialias", 0) != 0) call.refuse("smooths what it makes smaller");
  Shape axes = all_axes(call);
  if (const auto given = call.integer_list("axes")) {
    call.axes(*given, call.rank(0));
    axes.clear();
    for (const int64_t axis : *given) axes.push_back(call.axis(axis, call.rank(0)));
  }
  const bool has_factors = call.has(2) && !(call.known(2) && call.constant(2).numel() == 0);
  if (has_factors == call.has(3)) call.refuse("expected either factors or sizes");
  return {resized_by(call, by, has_factors ? by_factors(call, known_factors(call, 2), axes) : by_sizes(call, axes))};
}

OnnxValues onnx_upsample(OnnxCall& call) {
  constexpr int64_t kAsInput = 9;
  const std::vector<double> factors =
      call.opset() < kAsInput ? call.number_list("scales").value_or(std::vector<double>()) : known_factors(call, 1);
  std::string mode = call.text("mode", "nearest");
  if (mode == "bilinear") mode = "linear";
  return {resized_by(call, {mode, "asymmetric", "floor"}, by_factors(call, factors, all_axes(call)))};
}

OnnxValues onnx_grid_sample(OnnxCall& call) {
  const std::string mode = call.text("mode", "bilinear"), padding = call.text("padding_mode", "zeros");
  const auto place = [&](const std::string& name, const std::vector<std::string>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) call.refuse(fmt::format("samples by '{}'", name));
    return static_cast<int64_t>(found - names.begin());
  };
  const std::string interpolation = mode == "linear" ? "bilinear" : mode == "cubic" ? "bicubic" : mode;
  return {call.call("aten::grid_sampler",
                    {call.tensor(0), call.tensor(1), place(interpolation, {"bilinear", "nearest", "bicubic"}),
                     place(padding, {"zeros", "border", "reflection"}), call.integer("align_corners", 0) != 0})};
}

}  // namespace

OnnxOperations onnx_resizing() {
  return {
      {"GridSample", {onnx_grid_sample}},
      {"Resize", {onnx_resize}},
      {"Upsample", {onnx_upsample}},
  };
}

}  // namespace limbeck
