#pragma once
// Builds graphs of image networks concisely, with PyTorch's module names, so that a state_dict can be loaded.
//
//   Layers layers(task, {.initial = Initial::kaiming_normal});
//   size_t at = layers.chain("", Graph::kInput,
//                            {{"conv1", layers.convolution(16, 3)}, {"bn1", BatchNorm{}}, {"relu", Relu{}}});
//   layers.feature("stem", at);
//   return layers.classify(at, "fc");
//
// Thread-safety: an object belongs to one thread.
//
// Input channels of convolutions, batch norms and linear layers are inferred from the node that they are attached to.
//
// Features. All architectures use the same feature names at corresponding places, so that feature losses work for any
// pair of networks:
//   stem               after the first convolution, if it precedes the groups of blocks
//   layer1 … layerN    the end of each group of blocks, or of each resolution if blocks are not grouped
//   pool               the vector before the classifier: [C], or [C, 1, 1] if the classifier is a 1×1 convolution
// Every node can also be tapped by its own name: "layer2.0.bn1".
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "limbeck/graph.h"

namespace limbeck LIMBECK_API {

/// Common settings of a network's layers.
struct LayerStyle {
  Initial initial = Initial::uniform;     ///< of convolutions
  bool bias = false;                      ///< of convolutions
  Initial classifier = Initial::uniform;  ///< of the last linear layer
  int64_t least_pixels = 1;               ///< smallest height and width that the network can take
};

class Layers {
 public:
  using Named = std::pair<std::string, Operation>;

  /// Throws Error if the task's inputs are not images or are too small.
  explicit Layers(const TaskShape& task, const LayerStyle& style = {});

  /// Returns a zero-padded convolution with an odd kernel, which keeps height and width for stride 1.
  Convolution convolution(int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1) const;
  /// Returns a depthwise convolution: one filter per channel.
  Convolution depthwise(int64_t kernel, int64_t stride) const;

  size_t add(const std::string& name, Operation operation, size_t from) {
    return add(name, std::move(operation), std::vector{from});
  }
  size_t add(const std::string& name, Operation operation, std::vector<size_t> from);
  /// Adds a sequence of operations, named prefix + name.
  size_t chain(const std::string& prefix, size_t from, std::initializer_list<Named> operations);
  /// Adds a sequence of operations, named as in torch.nn.Sequential: NAME.0, NAME.1, …
  size_t sequence(const std::string& name, size_t from, const std::vector<Operation>& operations);
  void feature(const std::string& name, size_t node) { graph_->name_feature(name, node); }

  /// Finishes the network with global average pooling (node "pool") and a linear classifier.
  std::unique_ptr<Graph> classify(size_t from, const std::string& name);
  /// Returns the network without further layers.
  std::unique_ptr<Graph> take() { return std::move(graph_); }

  int64_t channels(size_t node) const { return graph_->shape_of(node).front(); }
  int64_t classes() const { return classes_; }

 private:
  std::unique_ptr<Graph> graph_;
  int64_t classes_;
  LayerStyle style_;
};

}  // namespace LIMBECK_API
