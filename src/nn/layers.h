#pragma once
// Builds the graph of an image network in few lines, under the names that its modules have in PyTorch, so that a
// state_dict loads.
//
//   Layers layers(task, {.initial = Initial::kaiming_normal});
//   size_t at = layers.chain("", Graph::kInput,
//                            {{"conv1", layers.convolution(16, 3)}, {"bn1", BatchNorm{}}, {"relu", Relu{}}});
//   layers.feature("stem", at);
//   return layers.classify(at, "fc");
//
// How many channels a convolution, batch norm or linear layer takes follows from what it is attached to.
//
// Features. Every family of networks gives the same names to the same places, so that a loss on features works for any
// pair:
//   stem               after the first convolution, where it stands before the groups of blocks
//   layer1 … layerN    the end of each group of blocks; where blocks alternate without rest, of each resolution
//   pool               the vector before the classifier: [C], or [C, 1, 1] where the classifier is a 1×1 convolution
// Every node can be tapped by its own name besides: "layer2.0.bn1".
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/graph.h"

namespace limbeck {

/// What the layers of a network have in common.
struct LayerStyle {
  Initial initial = Initial::uniform;     ///< of convolutions
  bool bias = false;                      ///< of convolutions
  Initial classifier = Initial::uniform;  ///< of the last linear layer
  int64_t least_pixels = 1;               ///< smallest height and width that the network can take
};

class Layers {
 public:
  using Named = std::pair<std::string, Operation>;

  /// Throws Error where the task's inputs are no images, or too small.
  explicit Layers(const TaskShape& task, const LayerStyle& style = {});

  /// A convolution of an odd kernel with zeros around, so that a stride of 1 keeps height and width.
  Convolution convolution(int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1) const;
  /// One filter per channel.
  Convolution depthwise(int64_t kernel, int64_t stride) const;

  size_t add(const std::string& name, Operation operation, size_t from) {
    return add(name, std::move(operation), std::vector{from});
  }
  size_t add(const std::string& name, Operation operation, std::vector<size_t> from);
  /// Operations one after the other, under these names after the prefix.
  size_t chain(const std::string& prefix, size_t from, std::initializer_list<Named> operations);
  /// Operations one after the other, named as torch.nn.Sequential does: NAME.0, NAME.1, …
  size_t sequence(const std::string& name, size_t from, const std::vector<Operation>& operations);
  void feature(const std::string& name, size_t node) { graph_->name_feature(name, node); }

  /// Ends the network: mean of each channel (node "pool") and a linear classifier.
  std::unique_ptr<Graph> classify(size_t from, const std::string& name);
  /// Ends the network as it is.
  std::unique_ptr<Graph> take() { return std::move(graph_); }

  int64_t channels(size_t node) const { return graph_->shape_of(node).front(); }
  int64_t classes() const { return classes_; }

 private:
  std::unique_ptr<Graph> graph_;
  int64_t classes_;
  LayerStyle style_;
};

}  // namespace limbeck
