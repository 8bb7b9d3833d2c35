#pragma once
// A network as data: named nodes, operations, shapes, parameters under PyTorch's names. Executed (network.h), counted,
// folded (fold.h) and exported: one description, all uses. A new operation is a struct in kernels/operation.h, one case
// in graph.cpp (shape, parameters, products) and one in kernels/plain_operations.cpp (execution).
//
//   Graph graph({1, 28, 28});
//   size_t at = graph.add("flatten", Flatten{}, {Graph::kInput});
//   at = graph.add("fc1", Linear{.in = 784, .out = 10}, {at});
//   graph.parameter_count();   // 7,850
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "kernels/operation.h"

namespace limbeck {

struct Node {
  std::string name;
  Operation operation;
  std::vector<size_t> inputs;  ///< places of earlier nodes; Graph::kInput is the network's input
  Shape shape;                 ///< of the output
};

class Graph {
 public:
  static constexpr size_t kInput = static_cast<size_t>(-1);

  explicit Graph(Shape input_shape) : input_shape_(std::move(input_shape)) {}

  /// Appends a node and infers its shape. Throws Error where the operation does not fit its inputs or the name is
  /// taken.
  size_t add(std::string name, Operation operation, std::vector<size_t> inputs);
  /// A further name under which a node can be tapped: "layer1" for the last node of a group of blocks.
  void name_feature(std::string name, size_t node);

  const Shape& input_shape() const { return input_shape_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Shape& shape_of(size_t node) const { return node == kInput ? input_shape_ : nodes_.at(node).shape; }
  /// Shape of the last node, which holds the logits.
  const Shape& output_shape() const { return nodes_.back().shape; }
  /// The node that can be tapped under this name. Throws Error of kind usage that lists the names where there is none.
  size_t feature(const std::string& name) const;
  /// All names that can be tapped: first those of features, then those of nodes in order.
  std::vector<std::string> feature_list() const;
  const std::map<std::string, size_t>& feature_names() const { return feature_names_; }
  /// For each node, how many nodes use its output.
  std::vector<size_t> uses() const;

  std::vector<ParameterDescription> parameters() const;
  /// Parameters of one node, in the order in which its operation takes them.
  std::vector<ParameterDescription> parameters_of(const Node& node) const;
  /// Non-trainable state of a node: running mean and variance of batch norm; scale and zero point of quantization.
  std::vector<ParameterDescription> buffers_of(const Node& node) const;
  /// Number of trainable parameters.
  int64_t parameter_count() const;
  /// Multiply-adds of one example's forward pass.
  int64_t multiply_adds() const;
  /// Everything that the outputs depend on except the parameters, one line for each node: "convolution 3 16 3 1 1 1 0
  /// <-
  /// 4".
  std::string description() const;

 private:
  void require_new(const std::string& name) const;

  Shape input_shape_;
  std::vector<Node> nodes_;
  std::map<std::string, size_t> feature_names_;
};

/// The task that an architecture is made for.
struct TaskShape {
  Shape input;
  int64_t classes = 0;
};

}  // namespace limbeck
