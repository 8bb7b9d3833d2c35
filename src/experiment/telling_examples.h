#pragma once
// Selects the test examples with the most informative soft targets: classified correctly by the teacher, yet with high
// probability for another class. "One version of a 2 may be given a probability of 10⁻⁶ of being a 3 and 10⁻⁹ of being
// a 7, whereas for another it may be the other way around" (Hinton et al. 2015, section 1).
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "experiment/run_context.h"
#include "limbeck/dataset.h"
#include "results/examples_result.h"

namespace limbeck {

struct StageLogits {
  std::string stage;
  at::Tensor logits;  ///< [n, C], of all test examples
};

/// Returns the indices of at most `count` examples, the most informative of each class first. `teacher_logits` [n, C],
/// labels [n].
std::vector<int64_t> choose_telling(const at::Tensor& teacher_logits, const at::Tensor& labels, int64_t count);

/// Returns the content of examples.json: images, and the logits of every stage, of the examples with the most
/// informative soft targets of the teacher.
ExamplesResult telling_examples(const Dataset& dataset, const StageLogits& teacher,
                                const std::vector<StageLogits>& stages);

/// Writes examples.json if the data set has pictures, selected by the first network that teaches, or by the first
/// trained network if none does.
void write_telling_examples(RunContext& run);

}  // namespace limbeck
