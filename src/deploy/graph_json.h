#pragma once
// A network graph as JSON, for programs that compute it without this library: layers in an order in which each comes
// after what it takes.
//
//   to_json(graph)["layers"][1]
//   // {"name": "fc1", "operation": "linear", "inputs": ["flatten"], "shape": [800], "in": 784, "out": 800,
//   //  "parameters": {"weight": "fc1.weight", "bias": "fc1.bias"}}
#include "core/json_fwd.h"
#include "nn/graph.h"

namespace limbeck {

/// {"input": {"name": "input", "shape": [1, 28, 28]}, "layers": […], "output": "fc2"}: each layer with the numbers of
/// its operation under their names in nn/graph.h, where its formula stands, and the names of its tensors in the file of
/// weights. The last layer gives logits.
Json to_json(const Graph& graph);

}  // namespace limbeck
