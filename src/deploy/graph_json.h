#pragma once
// Exports a network graph as JSON, for programs that run it without this library. Layers are in topological order.
//
//   to_json(graph)["layers"][1]
//   // {"name": "fc1", "operation": "linear", "inputs": ["flatten"], "shape": [800], "in": 784, "out": 800,
//   //  "parameters": {"weight": "fc1.weight", "bias": "fc1.bias"}}
#include "core/json_fwd.h"
#include "limbeck/graph.h"

namespace limbeck {

/// {"input": {"name": "input", "shape": [1, 28, 28]}, "layers": […], "output": "fc2"}: each layer has the attributes of
/// its operation, named as in nn/graph.h, which documents the formulas, and the names of its tensors in the weights
/// file. The last layer computes the logits.
Json to_json(const Graph& graph);

}  // namespace limbeck
