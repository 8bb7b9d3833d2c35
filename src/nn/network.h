#pragma once
// A network that can be run and trained.
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
#include "kernels/plain_operations.h"
#include "kernels/precision.h"
#include "nn/graph.h"
#include "nn/outputs.h"
#include "nn/plan.h"

namespace limbeck {

/// A convolution with the batch norm that follows it multiplied in.
struct FoldedConvolution {
  at::Tensor weight, bias;
  at::Tensor winograd;  ///< the weight as Winograd's method takes it; undefined where it is not computed so
};

/// What a network that is no graph makes of its weights to compute with; each kind derives its own.
struct PreparedForm {
  virtual ~PreparedForm() = default;
};

/// Forms of a network's weights that are kept from one pass to the next, for as long as the weights stay as they are.
struct PreparedWeights {
  std::vector<FoldedConvolution> convolutions;  ///< per node; undefined: not yet made
  std::vector<at::Tensor> rounded;              ///< per node, its weight as bfloat16; undefined: not yet made
  std::vector<PreparedWeights> members;         ///< of a committee: each network's
  std::shared_ptr<PreparedForm> form;           ///< of a network that is no graph
};

struct ForwardOptions {
  const Noise* noise = nullptr;   ///< given: a training pass; nullptr: evaluation
  std::vector<std::string> taps;  ///< nodes whose outputs are wanted as features
  Precision precision = Precision::float32;
  PreparedWeights* prepared = nullptr;  ///< given: the weights are those of the last pass with it
};

struct Parameter {
  std::string name;
  at::Tensor value;
};

/// What a network's passes are like, for whoever plans them.
struct Capabilities {
  bool can_be_recorded = false;  ///< the same operations for all inputs of one shape, and never a wait for the device
  bool rounds_products = false;  ///< in bfloat16, some products are made from rounded factors
  int64_t widest_activation =
      0;  ///< numbers of one example in the widest activation, or in the input; may be estimated
};

class Network {
 public:
  virtual ~Network() = default;

  /// inputs [N, …] → logits [N, C]. An unknown tap is an Error that lists the valid ones.
  virtual Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const = 0;
  /// What is trained, in a fixed order. The tensors are the network's own: writing to them changes it.
  virtual const std::vector<Parameter>& parameters() const = 0;
  /// What it remembers beside them, such as the running statistics of batch norm; a training pass changes these.
  virtual const std::vector<Parameter>& buffers() const = 0;
  virtual int64_t parameter_count() const = 0;
  /// Products of one example's forward pass; nullopt where they are not known.
  virtual std::optional<int64_t> multiply_adds() const = 0;
  virtual Capabilities capabilities() const = 0;
  /// What its outputs depend on beside names, shapes and values of its parameters and buffers; empty: nothing.
  virtual std::string identity() const = 0;
  virtual void to(at::Device device) = 0;
};

/// How a GraphNetwork computes. The plain path runs each node as LibTorch's own operation; it is the oracle of the
/// fused path, which differs from it by rounding only.
enum class Execution { fused, plain };

class GraphNetwork : public Network {
 public:
  /// Initial weights as the graph says, drawn from (seed, place of the parameter).
  GraphNetwork(Graph graph, uint64_t seed, Execution execution = Execution::fused);

  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  const std::vector<Parameter>& buffers() const override { return buffers_; }
  int64_t parameter_count() const override { return graph_.parameter_count(); }
  std::optional<int64_t> multiply_adds() const override { return graph_.multiply_adds(); }
  Capabilities capabilities() const override { return capabilities_; }
  std::string identity() const override { return graph_.description(); }
  void to(at::Device device) override;
  const Graph& graph() const { return graph_; }

 private:
  at::Tensor run(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut, Pass pass,
                 const ForwardOptions& options) const;
  at::Tensor run_linear(const Step& step, const at::Tensor& input, const ForwardOptions& options) const;
  at::Tensor run_convolution(const Step& step, const at::Tensor& input, const at::Tensor& shortcut, Pass pass,
                             const ForwardOptions& options) const;
  at::Tensor run_batch_norm(const Step& step, const at::Tensor& input, const at::Tensor& shortcut,
                            const ForwardOptions& options) const;
  at::Tensor run_nodes(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut,
                       const ForwardOptions& options) const;
  FoldedConvolution folded(const Step& step, const ForwardOptions& options) const;
  OperationContext context_of(size_t node, const ForwardOptions& options) const;
  Capabilities capabilities_of_graph() const;
  /// Whether the node's products are worth rounding.
  bool gains_from_bfloat16(size_t node) const;
  /// The node's weight as bfloat16 where its products are wanted so and gain by it; undefined otherwise.
  at::Tensor rounded(size_t node, const at::Tensor& weight, const ForwardOptions& options) const;

  Graph graph_;
  Execution execution_;
  std::vector<Parameter> parameters_;
  std::vector<Parameter> buffers_;
  std::vector<size_t> first_parameter_;  ///< per node, into parameters_
  std::vector<size_t> first_buffer_;     ///< per node, into buffers_
  std::vector<Step> training_steps_;     ///< where nothing is tapped
  std::vector<Step> inference_steps_;
  Capabilities capabilities_;
};

}  // namespace limbeck
