#pragma once
// Input preprocessing of a network: resizing and normalization.
//   x [C, H, W] in [0, 1]  →  [C, height, width], bilinear  →  (x − mean) / deviation, per channel
//
//   const InputOptions input{.height = 224, .width = 224, .mean = {0.485, 0.456, 0.406}, .deviation = {…}};
//   const Graph architecture = make({shape_after(input, {3, 32, 32}), 10});   // made for 3x224x224
//   const Graph graph = with_input(architecture, input, {3, 32, 32});         // takes 3x32x32
#include <string>
#include <vector>

#include "core/json_fwd.h"
#include "limbeck/graph.h"

namespace limbeck {

struct InputOptions {
  int64_t height = 0;  ///< input height of the network; 0: as the data
  int64_t width = 0;
  std::vector<double> mean;  ///< per channel; empty: no normalization
  std::vector<double> deviation;

  bool empty() const { return height == 0 && mean.empty(); }
};

/// Returns the network's input shape for examples of shape `raw`.
Shape shape_after(const InputOptions& input, const Shape& raw);

struct InputOperation {
  std::string name;  ///< "input.resize", "input.normalize"
  Operation operation;
};
/// Returns the preprocessing operations for examples of shape `raw`, in order; empty if there is nothing to do.
std::vector<InputOperation> input_operations(const InputOptions& input, const Shape& raw);

/// Prepends the preprocessing operations to a graph made for shape_after(input, raw). Parameters, their order and node
/// names are unchanged. Throws Error if the options do not fit the shape.
Graph with_input(const Graph& architecture, const InputOptions& input, const Shape& raw);

/// Conversion to and from {"size": [224, 224], "mean": […], "std": […]}, as in a recipe; disabled options are omitted.
Json to_json(const InputOptions& input);
InputOptions input_options_from(const Json& json);

}  // namespace limbeck
