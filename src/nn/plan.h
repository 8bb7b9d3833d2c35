#pragma once
// Plans which nodes of a graph are executed together as one fused step.
#include <optional>
#include <vector>

#include "kernels/rectifier.h"
#include "limbeck/graph.h"

namespace limbeck {

/// The purpose of a pass. training: with gradient. inference: without gradient, and batch norm is an affine operation.
/// plain: no fusion.
enum class Pass { training, inference, plain };

/// A chain of nodes executed as one, each being the only user of the one before:
///   linear → ReLU → dropout · batch norm → sum → ReLU (training) · convolution → batch norm → sum → ReLU (inference)
struct Step {
  std::vector<size_t> nodes;
  std::optional<size_t> shortcut;  ///< the other input of a sum in the chain (Graph::kInput: the input)

  size_t output() const { return nodes.back(); }
};

/// Returns the graph's steps in execution order. Outputs of `tapped` nodes are always outputs of steps.
std::vector<Step> plan_steps(const Graph& graph, Pass pass, const std::vector<size_t>& tapped);

/// Returns the step's rectifier (ReLU, ReLU6, leaky ReLU), if any.
Rectifier rectifier_of(const Graph& graph, const Step& step);

}  // namespace limbeck
