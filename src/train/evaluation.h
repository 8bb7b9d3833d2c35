#pragma once
// Evaluation of a network on a split. Every result includes the number of examples.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/example_set.h"
#include "nn/network.h"
#include "ranks/ranks.h"
#include "results/evaluation_detail.h"

namespace limbeck {

/// Returns the logits of all examples in dataset order, [n, C], computed in evaluation mode without gradient. `ranks`:
/// processes that compute them together, in the same batches as one does, and all have them; nullptr: this one alone.
at::Tensor predict_logits(const Network& network, const ExampleSet& examples, Ranks* ranks = nullptr);

/// The number of labelled examples, and how many of them the network classifies correctly.
struct Hits {
  int64_t labelled = 0;
  int64_t correct = 0;
};
/// logits [N, C], labels [N]; −1: unlabelled.
Hits count_hits(const at::Tensor& logits, const at::Tensor& labels);

/// One bin of a reliability diagram.
struct ReliabilityBin {
  double low = 0, high = 0;  ///< of the confidence: (low, high]
  int64_t count = 0;
  double confidence = 0;  ///< mean, over the bin
  double accuracy = 0;
};

struct Evaluation {
  int64_t examples = 0;
  int64_t errors = 0;  ///< arg max z ≠ y
  double accuracy = 0;
  double nll = 0;                         ///< mean of −log softmax(z)[y], natural logarithm
  double ece = 0;                         ///< expected calibration error over 15 bins of equal width (Guo et al. 2017)
  std::optional<double> agreement;        ///< fraction of examples on which teacher and student predict the same class
  std::optional<double> teacher_kl;       ///< mean KL(teacher ‖ student) at T = 1
  std::optional<int64_t> teacher_errors;  ///< of the teacher, on the same examples
  at::Tensor confusion;                   ///< [C, C] int64; row: true class, column: predicted class
  std::vector<ReliabilityBin> reliability;
};

/// logits [n, C], labels [n] without −1; teacher_logits [n, C] or undefined. Throws Error if there are no examples.
Evaluation evaluate(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& teacher_logits = {});

/// {"examples", "errors", "accuracy", "nll", "ece", "agreement", "teacher_kl", "teacher_errors", "teacher_accuracy",
/// "class_errors": {"3": 14, …}}; null for teacher metrics without a teacher.
Metrics summary(const Evaluation& evaluation, const std::vector<std::string>& classes);
/// Returns the summary, per-class metrics, confusion matrix and reliability diagram.
EvaluationDetail details(const Evaluation& evaluation, const std::vector<std::string>& classes);

}  // namespace limbeck
