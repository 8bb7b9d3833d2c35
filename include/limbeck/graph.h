#pragma once
// A network as a data structure: named nodes with operations, shapes and parameters under PyTorch's names. The same
// description is executed, counted, folded and exported. Its operations are those of operation.h.
//
//   Graph graph({1, 28, 28});
//   size_t at = graph.add("flatten", Flatten{}, {Graph::kInput});
//   at = graph.add("fc1", Linear{.in = 784, .out = 10}, {at});
//   graph.parameter_count();   // 7,850
//
// Thread-safety: several threads may read a graph that none of them changes.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "limbeck/operation.h"

namespace limbeck LIMBECK_API {

struct Node {
  std::string name;
  Operation operation;
  std::vector<size_t> inputs;  ///< indices of earlier nodes; Graph::kInput is the network's input
  Shape shape;                 ///< shape of the output
};

class Graph {
 public:
  static constexpr size_t kInput = static_cast<size_t>(-1);

  explicit Graph(Shape input_shape) : input_shape_(std::move(input_shape)) {}

  /// Appends a node and infers its shape. Throws Error if the operation does not fit its inputs or the name is taken.
  size_t add(std::string name, Operation operation, std::vector<size_t> inputs);
  /// Adds an alias under which a node can be tapped: "layer1" for the last node of a group of blocks.
  void name_feature(std::string name, size_t node);

  const Shape& input_shape() const { return input_shape_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Shape& shape_of(size_t node) const { return node == kInput ? input_shape_ : nodes_.at(node).shape; }
  /// Shape of the last node, which holds the logits.
  const Shape& output_shape() const { return nodes_.back().shape; }
  /// Returns the node that can be tapped under this name. Throws Error of kind usage that lists the names if there is
  /// none.
  size_t feature(const std::string& name) const;
  /// Returns all names that can be tapped: first aliases, then nodes in order.
  std::vector<std::string> feature_list() const;
  const std::map<std::string, size_t>& feature_names() const { return feature_names_; }
  /// Returns, for each node, the number of nodes that use its output.
  std::vector<size_t> uses() const;

  std::vector<ParameterDescription> parameters() const;
  /// Returns the parameters of one node, in the order of its operation.
  std::vector<ParameterDescription> parameters_of(const Node& node) const;
  /// Returns the non-trainable buffers of a node: running mean and variance of batch norm; scale and zero point of
  /// quantization.
  std::vector<ParameterDescription> buffers_of(const Node& node) const;
  /// Returns the number of trainable parameters.
  int64_t parameter_count() const;
  /// Returns the multiply-adds of one example's forward pass.
  int64_t multiply_adds() const;
  /// Returns everything except the parameters that the outputs depend on, one line per node, such as
  ///   "convolution 3 16 3 1 1 1 0 <- 4".
  std::string description() const;

 private:
  void require_new(const std::string& name) const;

  Shape input_shape_;
  std::vector<Node> nodes_;
  std::map<std::string, size_t> feature_names_;
};

/// The input shape and number of classes of an architecture.
struct TaskShape {
  Shape input;
  int64_t classes = 0;
};

}  // namespace LIMBECK_API
