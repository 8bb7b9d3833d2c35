#pragma once
// The ONNX graph of which a program was made (programs/onnx_weights.h), written again with other weights: the
// operations, inputs and outputs of the file stay.
//
//   OriginalOnnx graph(network.onnx_graph(), state_of(network));
//   write_file("trained.onnx", graph.finish({}));
#include <map>
#include <memory>
#include <set>
#include <string>

#include "deploy/onnx_builder.h"
#include "nn/weights.h"

namespace limbeck {

class OriginalOnnx {
 public:
  /// Throws Error if a weight of the graph is missing.
  OriginalOnnx(const std::string& graph, const TensorMap& weights);
  ~OriginalOnnx();
  OriginalOnnx(const OriginalOnnx&) = delete;
  OriginalOnnx& operator=(const OriginalOnnx&) = delete;

  /// The name of its input.
  std::string input() const;
  bool takes_floats() const;
  /// The names of its tensors and nodes but for its input.
  std::set<std::string> names() const;
  /// The name of an output by name or place; empty: "logits", or else the first.
  std::string output(const std::string& chosen) const;

  /// Puts nodes before it: `before` has an input and computes `value` [batch, shape…], which the graph takes; it
  /// takes_floats(). No name there may be one of names().
  void prepare_input(OnnxBuilder& before, std::string value, const Shape& shape);
  /// Puts "probabilities", the softmax of an output [batch, classes], in the place of that output; returns its name.
  std::string add_softmax(const std::string& output);
  /// Returns the content of the file, with the graph's own metadata and this.
  std::string finish(const std::map<std::string, std::string>& metadata);

 private:
  struct Model;  // onnx::ModelProto, whose header is slow to compile
  std::unique_ptr<Model> model_;
};

}  // namespace limbeck
