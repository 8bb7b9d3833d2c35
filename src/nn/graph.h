#pragma once
// A network as data: named nodes, operations, shapes, parameters under PyTorch's names. Executed (network.h), counted,
// and later folded and exported: one description, all uses. A new operation is a struct here, and one case in each use.
//
//   Graph graph({1, 28, 28});
//   size_t at = graph.add("flatten", Flatten{}, {Graph::kInput});
//   at = graph.add("fc1", Linear{.in = 784, .out = 10}, {at});
//   graph.parameter_count();   // 7,850
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/error.h"

namespace limbeck {

/// Extents of one example, without the batch: {1, 28, 28}, {800}.
using Shape = std::vector<int64_t>;

int64_t element_count(const Shape& shape);
/// "1x28x28"
std::string to_text(const Shape& shape);

/// y = x Wᵀ + b;  W [out, in], b [out].
struct Linear {
  int64_t in = 0;
  int64_t out = 0;
  bool bias = true;
};
/// y = max(x, 0).
struct Relu {};
/// In training, sets each element to 0 with this probability and divides the others by 1 − probability
/// (Srivastava et al. 2014, inverted form); otherwise y = x.
struct Dropout {
  double probability = 0.5;
  uint32_t lane = 0;  ///< tells the dropout nodes of a network apart; Graph numbers them
};
/// [C, H, W] → [C·H·W].
struct Flatten {};

using Operation = std::variant<Linear, Relu, Dropout, Flatten>;

/// "linear", "relu", …
std::string operation_name(const Operation& operation);

struct Node {
  std::string name;
  Operation operation;
  std::vector<size_t> inputs;  ///< places of earlier nodes; Graph::kInput is the network's input
  Shape shape;                 ///< of the output
};

struct ParameterDescription {
  std::string name;  ///< "fc1.weight"
  Shape shape;
  int64_t fan_in = 1;
};

class Graph {
 public:
  static constexpr size_t kInput = static_cast<size_t>(-1);

  explicit Graph(Shape input_shape) : input_shape_(std::move(input_shape)) {}

  /// Appends a node and infers its shape. Throws Error where the operation does not fit its inputs or the name is taken.
  size_t add(std::string name, Operation operation, std::vector<size_t> inputs);

  const Shape& input_shape() const { return input_shape_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  /// Shape of the last node, which holds the logits.
  const Shape& output_shape() const { return nodes_.back().shape; }
  std::vector<std::string> node_names() const;

  std::vector<ParameterDescription> parameters() const;
  /// Parameters of one node, in the order in which its operation takes them.
  std::vector<ParameterDescription> parameters_of(const Node& node) const;
  int64_t parameter_count() const;
  /// Products of one example's forward pass.
  int64_t multiply_adds() const;

 private:
  const Shape& shape_of(size_t node) const { return node == kInput ? input_shape_ : nodes_.at(node).shape; }
  Shape infer(const std::string& name, const Operation& operation, const Shape& input) const;

  Shape input_shape_;
  std::vector<Node> nodes_;
};

/// What an architecture is made for.
struct TaskShape {
  Shape input;
  int64_t classes = 0;
};

}  // namespace limbeck
