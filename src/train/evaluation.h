#pragma once
// Evaluation of a network on a split; every result says on how many examples.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "nn/network.h"
#include "results/evaluation_detail.h"

namespace limbeck {

/// Logits of all examples in the order of the set, [n, C], in evaluation mode and without gradient.
at::Tensor predict_logits(const Network& network, const ExampleSet& examples);

/// The number of labelled examples, and how many of them the network classifies correctly.
struct Hits {
  int64_t labelled = 0;
  int64_t correct = 0;
};
/// logits [N, C], labels [N], −1: none.
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
  std::optional<double> agreement;        ///< part of the examples on which teacher and student choose the same class
  std::optional<double> teacher_kl;       ///< mean KL(teacher ‖ student) at T = 1
  std::optional<int64_t> teacher_errors;  ///< of the teacher, on the same examples
  at::Tensor confusion;                   ///< [C, C] int64; row: true class, column: chosen class
  std::vector<ReliabilityBin> reliability;
};

/// logits [n, C], labels [n] without −1; teacher_logits [n, C] or undefined. Throws Error for no examples.
Evaluation evaluate(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& teacher_logits = {});

/// {"examples", "errors", "accuracy", "nll", "ece", "agreement", "teacher_kl", "teacher_errors", "teacher_accuracy",
/// "class_errors": {"3": 14, …}}; null where there is no teacher.
Metrics summary(const Evaluation& evaluation, const std::vector<std::string>& classes);
/// The summary, per class, confusion and reliability.
EvaluationDetail details(const Evaluation& evaluation, const std::vector<std::string>& classes);

}  // namespace limbeck
