#pragma once
// Running sums of an epoch: examples, loss, errors, and each term of the objective.
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/batch.h"
#include "limbeck/events.h"

namespace limbeck {

/// The values of a step, on the host.
struct StepValues {
  at::Tensor logits;                  ///< of the student, [N, C]
  std::vector<double> values;         ///< the total, then the terms
  std::vector<int64_t> needs_labels;  ///< per term: whether it is a mean over labelled examples
  int64_t networks = 1;               ///< the total is the sum over so many
  double loss_examples = 0;           ///< number of examples of which the total is the mean; 0: those of the batch
};

/// Returns the sum of the weights that the examples have in a mean over labels; see LabelSums.
double label_weight(const Batch& batch);

class EpochSums {
 public:
  /// `terms`: the names of the objective's terms.
  explicit EpochSums(std::vector<std::string> terms);

  /// Returns the sums of one step, [k] float64.
  at::Tensor of_step(const Batch& batch, const StepValues& step) const;
  void add(const at::Tensor& of_step);
  void clear();
  /// Returns the loss, then each term, as they were in these sums: StepValues::values of all processes.
  static std::vector<double> values_in(const at::Tensor& of_step);

  /// Returns the mean loss per example so far.
  double loss() const;
  /// Returns the metrics so far. Errors and accuracy cover labelled examples only.
  SplitMetrics metrics() const;
  /// Writes the mean of each term, over the examples to which it applies, to `done.terms`.
  void write_terms(EpochDone& done) const;

  /// Returns the sums for the checkpoint, [k] float64, sharing memory.
  const at::Tensor& state() const { return values_; }
  void load_state(const at::Tensor& state) { values_ = state; }

 private:
  double mean(int64_t sum, int64_t count) const;

  std::vector<std::string> terms_;
  at::Tensor values_;
};

}  // namespace limbeck
