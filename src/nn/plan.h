#pragma once
// Which nodes of a graph are computed together, as one fused step.
#include <optional>
#include <vector>

#include "kernels/rectifier.h"
#include "nn/graph.h"

namespace limbeck {

/// What a pass is for: a gradient will be wanted; or not, and batch norm is a multiplication; or every node by itself.
enum class Pass { training, inference, plain };

/// Nodes that are computed as one, each the only one that takes the one before:
///   linear → ReLU → dropout · batch norm → sum → ReLU (training) · convolution → batch norm → sum → ReLU (inference)
struct Step {
  std::vector<size_t> nodes;
  std::optional<size_t>
      shortcut;  ///< where a sum is among them, the other node that it takes (Graph::kInput: the input)

  size_t output() const { return nodes.back(); }
};

/// The graph's steps in an order in which they can be computed. The outputs of `tapped` nodes are those of steps.
std::vector<Step> plan_steps(const Graph& graph, Pass pass, const std::vector<size_t>& tapped);

/// What the step's rectifier (ReLU, ReLU6, leaky ReLU) does, where it has one.
Rectifier rectifier_of(const Graph& graph, const Step& step);

}  // namespace limbeck
