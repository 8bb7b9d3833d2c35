#pragma once
// Early stopping: decides when a stage ends before its last epoch and which epoch's weights it keeps. A stage can end
// at a given epoch, at a given accuracy (a deliberately weak teacher), or when the validation metric no longer
// improves.
#include <string>

#include "limbeck/events.h"
#include "nn/weights.h"
#include "recipe/recipe.h"

namespace limbeck {

class Stopping {
 public:
  /// `has_validation`: accuracy is measured on the validation split; epochs without validation are ignored.
  Stopping(const StopRecipe& recipe, bool has_validation) : recipe_(recipe), has_validation_(has_validation) {}

  /// Must be called once after each epoch, with the network's weights at that time.
  void observe(const EpochDone& epoch, const Network& network);
  /// Whether training must stop.
  bool stops() const { return stops_; }
  /// Returns the epoch whose weights are kept, from 1; 0: the last trained epoch.
  int64_t kept_epoch() const { return recipe_.patience > 0 ? best_epoch_ : 0; }
  /// Copies the weights of the kept epoch into the network.
  void restore(Network& network) const;

  /// Returns the state for a checkpoint; empty if the recipe has no early stopping.
  TensorMap state() const;
  void load_state(const TensorMap& state);

 private:
  StopRecipe recipe_;
  bool has_validation_ = false;
  bool stops_ = false;
  int64_t best_epoch_ = 0;
  double best_ = 0;  ///< best monitored value, larger is better
  TensorMap best_weights_;
};

}  // namespace limbeck
