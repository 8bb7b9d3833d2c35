#pragma once
// What stands between the pixels of a batch and a network: resizing and normalising, as each network wants it.
//   x [C, H, W] in [0, 1]  →  [C, height, width], bilinear  →  (x − mean) / deviation, per channel
//
//   const InputOptions input{.height = 224, .width = 224, .mean = {0.485, 0.456, 0.406}, .deviation = {…}};
//   const Graph architecture = make({shape_after(input, {3, 32, 32}), 10});   // made for 3x224x224
//   const Graph graph = with_input(architecture, input, {3, 32, 32});         // takes 3x32x32
#include <string>
#include <vector>

#include "core/json_fwd.h"
#include "nn/graph.h"

namespace limbeck {

struct InputOptions {
  int64_t height = 0;  ///< of what the network sees; 0: as the data
  int64_t width = 0;
  std::vector<double> mean;  ///< of each channel; empty: not normalised
  std::vector<double> deviation;

  bool empty() const { return height == 0 && mean.empty(); }
};

/// The shape of what the network sees of examples of the shape `raw`.
Shape shape_after(const InputOptions& input, const Shape& raw);

struct InputOperation {
  std::string name;  ///< "input.resize", "input.normalize"
  Operation operation;
};
/// What is done to an example of the shape `raw`, in order; nothing where all is as the data.
std::vector<InputOperation> input_operations(const InputOptions& input, const Shape& raw);

/// The graph of an architecture that was made for shape_after(input, raw), with the input's operations before it.
/// Parameters, their places and the names of nodes stay. Throws Error where the options do not fit the shape.
Graph with_input(const Graph& architecture, const InputOptions& input, const Shape& raw);

/// {"size": [224, 224], "mean": […], "std": […]}, as a recipe says it, and back; what is off is left out.
Json to_json(const InputOptions& input);
InputOptions input_options_from(const Json& json);

}  // namespace limbeck
