#pragma once
// The test examples whose soft targets say most: right for the teacher, yet with much probability on another class.
// "One version of a 2 may be given a probability of 10⁻⁶ of being a 3 and 10⁻⁹ of being a 7, whereas for another it may
// be the other way around" (Hinton et al. 2015, section 1).
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/dataset.h"
#include "experiment/run_context.h"
#include "results/examples_result.h"

namespace limbeck {

struct StageLogits {
  std::string stage;
  at::Tensor logits;  ///< [n, C], of all test examples
};

/// Positions of at most `count` examples, the most telling of each class first. `teacher_logits` [n, C], labels [n].
std::vector<int64_t> choose_telling(const at::Tensor& teacher_logits, const at::Tensor& labels, int64_t count);

/// examples.json: pictures and every stage's logits of the examples that tell most about the teacher.
ExamplesResult telling_examples(const Dataset& dataset, const StageLogits& teacher,
                                const std::vector<StageLogits>& stages);

/// Writes examples.json, seen through the first network that teaches; without one, through the first that is trained.
void write_telling_examples(RunContext& run);

}  // namespace limbeck
