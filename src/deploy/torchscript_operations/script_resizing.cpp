// Resizing of feature maps.
#include <cmath>
#include <limits>

#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

/// What is said of the factors: a list, or one argument for each side; empty where the new sides are.
std::vector<double> given_factors(const ScriptCall& call, size_t place, size_t sides) {
  if (call.has(place) && call.value(place).isDoubleList()) return call.value(place).toDoubleVector();
  std::vector<double> all;
  for (size_t i = 0; i < sides && call.has(place + i); ++i) all.push_back(call.number(place + i));
  return all;
}

/// Factors by which the sides grow. ONNX rounds side times factor down: each is the least that gives the new side.
std::string factors(const ScriptCall& call, size_t place) {
  const Shape from = call.tensor(0).sizes().slice(2).vec(), to = call.result().toTensor().sizes().slice(2).vec();
  const std::vector<double> given = given_factors(call, place, from.size());
  std::vector<float> all = {1, 1};
  for (size_t i = 0; i < from.size(); ++i) {
    const auto side = static_cast<float>(from[i]);
    float factor = given.size() == from.size() ? static_cast<float>(given[i]) : static_cast<float>(to[i]) / side;
    while (static_cast<int64_t>(std::floor(side * factor)) < to[i])
      factor = std::nextafter(factor, std::numeric_limits<float>::max());
    all.push_back(factor);
  }
  return call.onnx.constant(call.short_name() + ".factors", at::tensor(all));
}

ScriptValue resized(const ScriptCall& call, size_t place, const OnnxBuilder::Attributes& attributes) {
  return script_result(call.node("Resize", {call.operand(0), "", factors(call, place)}, attributes));
}

ScriptValue nearest(const ScriptCall& call) {
  return resized(call, 2,
                 {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
}

ScriptValue bilinear(const ScriptCall& call) {
  const char* corners = call.value(2).toBool() ? "align_corners" : "pytorch_half_pixel";
  return resized(call, 3, {{"mode", "linear"}, {"coordinate_transformation_mode", corners}});
}

}  // namespace

ScriptOperations script_resizing() {
  return {
      {"upsample_bilinear2d", bilinear},
      {"upsample_nearest1d", nearest},
      {"upsample_nearest2d", nearest},
  };
}

}  // namespace limbeck
