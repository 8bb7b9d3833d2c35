#pragma once
// What a stage's network is worth on one split, for results.json and evaluation.json.
#include <ATen/core/Tensor.h>

#include "data/dataset.h"
#include "nn/network.h"
#include "results/evaluation_detail.h"

namespace limbeck {

/// The examples whose labels are known.
ExampleSet labelled_part(const ExampleSet& examples);

struct StageNumbers {
  Metrics summary;
  EvaluationDetail details;
  at::Tensor logits;  ///< [n, C]
};

/// Of a committee the numbers are its mean's; "member_errors" is what its members make on average, "errors_of_members"
/// what each makes. `teacher_logits` [n, C] or undefined; all examples have labels.
StageNumbers evaluate_network(const Network& network, const ExampleSet& examples, const at::Tensor& teacher_logits,
                              const std::vector<std::string>& classes);

}  // namespace limbeck
