#pragma once
// Evaluation of a stage's network on one split, for results.json and evaluation.json.
#include <ATen/core/Tensor.h>

#include "data/example_set.h"
#include "nn/network.h"
#include "ranks/ranks.h"
#include "results/evaluation_detail.h"

namespace limbeck {

/// Returns the labelled examples.
ExampleSet labelled_part(const ExampleSet& examples);

struct StageNumbers {
  Metrics summary;
  EvaluationDetail details;
  at::Tensor logits;  ///< [n, C]
};

/// Evaluates a network. For an ensemble, the metrics are those of its mean; "member_errors" is the mean over its
/// members, "errors_of_members" lists the errors of each. `teacher_logits` [n, C] or undefined; all examples must be
/// labelled. `ranks`: see predict_logits.
StageNumbers evaluate_network(const Network& network, const ExampleSet& examples, const at::Tensor& teacher_logits,
                              const std::vector<std::string>& classes, Ranks* ranks = nullptr);

}  // namespace limbeck
