#pragma once
// Optimisers: one pass over each parameter, its gradient and its state, or over lists of them. A new one is one new
// file in optimizers/.

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/network.h"
#include "nn/weights.h"
#include "recipe/catalogue.h"

namespace limbeck {

/// The constraint of Hinton et al. 2012 ("Improving neural networks by preventing co-adaptation of feature detectors"):
/// the vector of weights that come into a unit is scaled back where its L2 norm exceeds `max_norm`. 0: no constraint.
/// Applies to parameters of two or more dimensions; a unit's incoming weights are a row.
struct UpdateOptions {
  double learning_rate = 0.03;
  double weight_decay = 0;
  double max_norm = 0;

  void bind(Fields& fields);
};

/// Parameters that are updated alike: the network's, those of the losses.
struct ParameterGroup {
  std::string name;  ///< empty: the network's
  std::vector<Parameter> parameters;
};
/// All that a stage trains.
using ParameterGroups = std::vector<ParameterGroup>;

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Updates every parameter from its gradient, then releases the gradients. `rate_factor` multiplies the learning
  /// rate.
  void step(double rate_factor);
  void release_gradients();
  double learning_rate() const { return options_.learning_rate; }
  /// What it updates, group after group.
  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// Momenta and the like, for a checkpoint; names are "momentum.fc1.weight", of another group than the network's
  /// "momentum.losses:fitnet.weight".
  virtual TensorMap state() const = 0;
  /// Throws Error where the tensors do not fit.
  void load_state(const TensorMap& state, const std::string& where);

 protected:
  Optimizer(const ParameterGroups& groups, const UpdateOptions& options);

  /// One pass over one parameter, without the norm constraint. Value, gradient and state are such as can_fuse_update()
  /// asks for.
  virtual void update(size_t index, at::Tensor& value, const at::Tensor& gradient, double learning_rate) = 0;
  /// The same of all others (on a GPU, all there are) by LibTorch's operations on lists of tensors, which there are one
  /// kernel for many parameters. The oracle of update().
  virtual void update_lists(const std::vector<size_t>& indices, const std::vector<at::Tensor>& values,
                            const std::vector<at::Tensor>& gradients, double learning_rate) = 0;
  /// Before the first update of a step.
  virtual void begin_step() {}

  const UpdateOptions& options() const { return options_; }
  /// Zeros shaped like the parameters, under the names that a checkpoint gives them.
  std::vector<Parameter> state_like_parameters(const std::string& prefix) const;
  /// The state of those parameters.
  static std::vector<at::Tensor> chosen(const std::vector<Parameter>& state, const std::vector<size_t>& indices);

 private:
  void step_group(size_t begin, size_t end, double learning_rate);
  void constrain(at::Tensor& value) const;
  std::vector<Parameter> parameters_;
  std::vector<std::string> state_names_;  ///< of the parameters
  std::vector<size_t> group_ends_;        ///< places in parameters_
  UpdateOptions options_;
};

/// The state tensors of an optimiser as a map that shares their memory.
void add_to(TensorMap& map, const std::vector<Parameter>& state);

std::unique_ptr<Optimizer> make_optimizer(const Choice& choice, const ParameterGroups& groups);
std::unique_ptr<Optimizer> make_optimizer(const Choice& choice, const Network& network);

}  // namespace limbeck
