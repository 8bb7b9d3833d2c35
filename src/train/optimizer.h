#pragma once
// Optimizers: one fused pass over each parameter, its gradient and its state, or operations on tensor lists. To add
// one, add a file to optimizers/.

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/network.h"
#include "nn/weights.h"
#include "recipe/catalogue.h"

namespace limbeck {

/// Max-norm constraint of Hinton et al. 2012 ("Improving neural networks by preventing co-adaptation of feature
/// detectors"): a unit's incoming weight vector is scaled down if its L2 norm exceeds `max_norm`. 0: no constraint.
/// Applies to parameters of two or more dimensions; a unit's incoming weights are a row.
struct UpdateOptions {
  double learning_rate = 0.03;
  double weight_decay = 0;
  double max_norm = 0;

  void bind(Fields& fields);
};

/// A group of parameters with the same update rule: the network's, or those of a loss.
struct ParameterGroup {
  std::string name;  ///< empty: the network's
  std::vector<Parameter> parameters;
};
/// All trainable parameters of a stage.
using ParameterGroups = std::vector<ParameterGroup>;

/// What an update on a device reads there (device/operators.h).
struct DeviceUpdate {
  at::Tensor rate;                  ///< [] float32, the learning rate
  at::Tensor state;                 ///< [2] int64; nothing is updated while the second is at least 0
  std::vector<at::Tensor> rounded;  ///< per parameter, its copy in bfloat16, which is written; undefined or empty: none
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Updates every parameter from its gradient, then releases the gradients. `rate_factor` multiplies the learning
  /// rate.
  void step(double rate_factor);
  /// Same on a device, without waiting for it.
  void step(const DeviceUpdate& update);
  void release_gradients();
  /// Returns whether the gradients of what the teacher says and those of the other terms are updates of their own:
  /// the former are then handed over by keep_distilled(), before the others are computed.
  virtual bool separates() const { return false; }
  /// Takes the present gradients as those of the distillation terms. `rounded`: as in DeviceUpdate; the gradients of
  /// parameters with such a copy are the copy's.
  virtual void keep_distilled(const std::vector<at::Tensor>& rounded) { static_cast<void>(rounded); }
  double learning_rate() const { return options_.learning_rate; }
  /// Returns all parameters, group by group.
  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// Returns momenta and similar state for a checkpoint, named "momentum.fc1.weight", or, outside the network's group,
  /// "momentum.losses:fitnet.weight".
  virtual TensorMap state() const = 0;
  /// Restores the state. Throws Error if the tensors do not match.
  void load_state(const TensorMap& state, const std::string& where);

 protected:
  Optimizer(const ParameterGroups& groups, const UpdateOptions& options);

  /// Updates one parameter in one pass, without the norm constraint. Value, gradient and state satisfy
  /// can_fuse_update().
  virtual void update(size_t index, at::Tensor& value, const at::Tensor& gradient, double learning_rate) = 0;
  /// Updates all other parameters (on a device: all) by an operator on tensor lists (device/operators.h), which
  /// launches one kernel for many parameters. The reference implementation of update(). `rounded` is empty, or has a
  /// copy for each of `values`.
  virtual void update_lists(const std::vector<size_t>& indices, const std::vector<at::Tensor>& values,
                            const std::vector<at::Tensor>& gradients, const DeviceUpdate& update) = 0;
  /// Called before the first update of a step.
  virtual void begin_step() {}

  const UpdateOptions& options() const { return options_; }
  /// Returns zeros shaped like the parameters, with their names in checkpoints.
  std::vector<Parameter> state_like_parameters(const std::string& prefix) const;
  /// Selects the state of the parameters at `indices`.
  static std::vector<at::Tensor> chosen(const std::vector<Parameter>& state, const std::vector<size_t>& indices);

 private:
  void step_group(size_t begin, size_t end, double learning_rate);
  void constrain(at::Tensor& value) const;
  std::vector<Parameter> parameters_;
  std::vector<std::string> state_names_;  ///< of the parameters
  std::vector<size_t> group_ends_;        ///< end indices in parameters_
  UpdateOptions options_;
};

/// Adds an optimizer's state tensors to a map; memory is shared.
void add_to(TensorMap& map, const std::vector<Parameter>& state);

std::unique_ptr<Optimizer> make_optimizer(const Choice& choice, const ParameterGroups& groups);
std::unique_ptr<Optimizer> make_optimizer(const Choice& choice, const Network& network);

}  // namespace limbeck
