#pragma once
// A network that can be evaluated and trained.
//
//   GraphNetwork network(graph, /*seed=*/1);
//   Outputs outputs = network.forward(inputs, {});                        // evaluation
//   outputs = network.forward(inputs, {.noise = &noise});                 // training: dropout is on

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "kernels/noise.h"
#include "kernels/parameter.h"
#include "kernels/plain_operations.h"
#include "kernels/precision.h"
#include "kernels/rectified_convolution.h"
#include "kernels/shared_batch_norm.h"
#include "limbeck/graph.h"
#include "limbeck/outputs.h"
#include "nn/plan.h"

namespace limbeck {

/// A convolution with the batch norm that follows it folded in.
struct FoldedConvolution {
  at::Tensor weight, bias;
  at::Tensor winograd;             ///< the weight transformed for Winograd's method; undefined if that is not used
  RectifiedConvolution rectified;  ///< on a device
};

/// A layer's weight [outputs, …] and bias, undefined if it has none.
struct LayerWeights {
  at::Tensor weight, bias;
};

/// A prepared form of the weights of a network that is not a graph, reused over many passes; each kind derives its own.
struct PreparedForm {
  virtual ~PreparedForm() = default;
};

/// A cache of transformed weights, valid as long as the weights do not change.
struct PreparedWeights {
  std::vector<FoldedConvolution> convolutions;  ///< per node; undefined: not yet made
  std::vector<LayerWeights> layers;             ///< per node, on a device, in the type of the activations; likewise
  std::vector<at::Tensor> rounded;              ///< per node, its weight as bfloat16; undefined: not yet made
  std::vector<PreparedWeights> members;         ///< of an ensemble: one per member
  std::shared_ptr<PreparedForm> form;           ///< of a network that is not a graph
};

struct ForwardOptions {
  const Noise* noise = nullptr;   ///< given: a training pass; nullptr: evaluation
  std::vector<std::string> taps;  ///< names of features to return
  Precision precision = Precision::float32;
  /// On a device in bfloat16: per parameter, a copy in bfloat16 that is used in its place, and to which the gradient
  /// goes; undefined: the parameter itself.
  const std::vector<at::Tensor>* rounded = nullptr;
  PreparedWeights* prepared = nullptr;  ///< a cache; if given, the weights must be those of the last pass with it
  /// Of a batch that several processes compute: batch norm takes the statistics of the whole batch; nullptr: of its
  /// own part. It must live until the backward pass is done.
  const SumOverProcesses* sum = nullptr;
  const TellReason* tell = nullptr;  ///< hears what a pass on a device cannot do in one call; nullptr: nobody does
};

/// Properties of a network's passes that callers use for planning.
struct Capabilities {
  bool can_be_recorded = false;   ///< supports graph capture: a pass runs the same operations for all inputs of one
                                  ///< shape, and never synchronizes with the device
  bool rounds_products = false;   ///< with Precision::bfloat16, some products have factors rounded to bfloat16
  int64_t widest_activation = 0;  ///< elements per example of the widest activation, or of the input; may be estimated
};

class Network {
 public:
  virtual ~Network() = default;

  /// Computes logits [N, C] of inputs [N, …]. Throws Error for an unknown tap, listing the valid ones.
  virtual Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const = 0;
  /// Returns the trainable parameters in a fixed order. Tensors are shared: writing to them changes the network.
  virtual const std::vector<Parameter>& parameters() const = 0;
  /// Returns the non-trainable buffers, such as the running statistics of batch norm; training passes update them.
  virtual const std::vector<Parameter>& buffers() const = 0;
  virtual int64_t parameter_count() const = 0;
  /// Returns the multiply-adds of one example's forward pass; nullopt if unknown.
  virtual std::optional<int64_t> multiply_adds() const = 0;
  virtual Capabilities capabilities() const = 0;
  /// Returns for each parameter whether ForwardOptions::rounded may have a copy of it; empty: of none.
  virtual std::vector<bool> rounded_parameters() const { return {}; }
  /// Returns the names of all features that can be tapped; those common to all architectures come first.
  virtual std::vector<std::string> features() const { return {}; }
  /// Returns a description of everything that the outputs depend on, other than names, shapes and values of parameters
  /// and buffers; may be empty.
  virtual std::string identity() const = 0;
  virtual void to(at::Device device) = 0;
};

/// How a GraphNetwork is executed. The plain path runs each node with LibTorch's operations and is the reference for
/// the fused path, which differs by rounding only.
enum class Execution { fused, plain };

class GraphNetwork : public Network {
 public:
  /// Draws initial weights as defined by the graph, from (seed, index of the parameter).
  GraphNetwork(Graph graph, uint64_t seed, Execution execution = Execution::fused);

  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  const std::vector<Parameter>& buffers() const override { return buffers_; }
  int64_t parameter_count() const override { return graph_.parameter_count(); }
  std::optional<int64_t> multiply_adds() const override { return graph_.multiply_adds(); }
  Capabilities capabilities() const override { return capabilities_; }
  std::vector<bool> rounded_parameters() const override;
  std::vector<std::string> features() const override { return graph_.feature_list(); }
  std::string identity() const override { return graph_.description(); }
  void to(at::Device device) override;
  const Graph& graph() const { return graph_; }

 private:
  /// The second name of a result on a device (device/operators.h, Twins) is written to `twin`, if there is one.
  at::Tensor run(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut, Pass pass,
                 const ForwardOptions& options, at::Tensor& twin) const;
  at::Tensor run_linear(const Step& step, const at::Tensor& input, const ForwardOptions& options) const;
  at::Tensor run_convolution(const Step& step, const at::Tensor& input, const at::Tensor& shortcut, Pass pass,
                             const ForwardOptions& options) const;
  at::Tensor run_batch_norm(const Step& step, const at::Tensor& input, const at::Tensor& shortcut,
                            const ForwardOptions& options) const;
  at::Tensor run_nodes(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut,
                       const ForwardOptions& options) const;
  // On a device other than the CPU (network_on_device.cpp): few kernels, channels_last, activations of one type.
  at::Tensor run_on_device(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut,
                           Pass pass, const ForwardOptions& options, at::Tensor& twin) const;
  LayerWeights weights_on_device(size_t node, const ForwardOptions& options) const;
  at::Tensor run_convolution_on_device(size_t node, const at::Tensor& input, const ForwardOptions& options) const;
  at::Tensor run_linear_on_device(const Step& step, const at::Tensor& input, const ForwardOptions& options) const;
  at::Tensor infer_convolution_on_device(const Step& step, const at::Tensor& input, const at::Tensor& shortcut,
                                         const ForwardOptions& options) const;
  at::ScalarType type_on_device(const ForwardOptions& options) const;
  /// Returns whether the node's weights are used as they are, so that they may be rounded to bfloat16.
  bool is_plain_layer(size_t node) const;

  /// How many examples go through the layers together: all of them, or a part of an inference pass over images on the
  /// CPU, which depends on the network alone.
  int64_t part_of(const at::Tensor& inputs, const ForwardOptions& options) const;
  Outputs forward_parts(const at::Tensor& inputs, const ForwardOptions& options, int64_t part) const;
  FoldedConvolution fold_convolution(const Step& step, const ForwardOptions& options) const;
  OperationContext context_of(size_t node, const ForwardOptions& options) const;
  Capabilities capabilities_of_graph() const;
  /// Whether the node's products gain from bfloat16.
  bool gains_from_bfloat16(size_t node) const;
  /// Returns the node's weight as bfloat16 if requested and beneficial; undefined otherwise.
  at::Tensor weight_in_bfloat16(size_t node, const at::Tensor& weight, const ForwardOptions& options) const;

  Graph graph_;
  Execution execution_;
  std::vector<Parameter> parameters_;
  std::vector<Parameter> buffers_;
  std::vector<size_t> first_parameter_;  ///< per node, into parameters_
  std::vector<size_t> first_buffer_;     ///< per node, into buffers_
  std::vector<Step> training_steps_;     ///< used if nothing is tapped
  std::vector<Step> inference_steps_;
  std::vector<at::Tensor> constants_;  ///< per node: of a normalization, [2, C] means and deviations
  Capabilities capabilities_;
  bool quantized_ = false;  ///< some node rounds to int8, which takes float32
};

}  // namespace limbeck
