#pragma once
// What an epoch adds up, step by step: examples, loss, errors, and each term of the objective.
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/events.h"
#include "data/batch.h"
#include "train/training_step.h"

namespace limbeck {

class EpochSums {
 public:
  /// `terms`: the names of the objective's terms.
  explicit EpochSums(std::vector<std::string> terms);

  void add(const Batch& batch, const StepResult& step);
  void clear();

  /// Mean loss of an example so far.
  double loss() const;
  /// Errors and accuracy are of the examples that have labels.
  SplitMetrics metrics() const;
  /// The terms' means, each over the examples that it is of, in `done.terms`.
  void write_terms(EpochDone& done) const;

  /// [k] float64, for the checkpoint; shares its memory with the sums.
  const at::Tensor& state() const { return values_; }
  void load_state(const at::Tensor& state) { values_ = state; }

 private:
  double mean(int64_t sum, int64_t count) const;

  std::vector<std::string> terms_;
  at::Tensor values_;
};

}  // namespace limbeck
