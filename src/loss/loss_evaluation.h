#pragma once
// A loss on tensors instead of on what networks give: to look at a loss, or to compare another implementation with it.
//
//   const Choice loss = components().choose(Slot::loss, "soft_targets");
//   const LossEvaluation evaluation = evaluate_loss(loss, {.student = z, .teacher = v});
//   evaluation.value;      // of the mean over the examples
//   evaluation.gradient;   // [N, C], by the student's logits

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "recipe/catalogue.h"

namespace limbeck {

/// What a loss may read; undefined: not given.
struct LossTensors {
  at::Tensor student;  ///< logits [N, C]: float64, float32, or a 16-bit float, which is widened to float32
  at::Tensor
      teacher;  ///< logits [N, C]; or [M, N, C], of M networks whose distributions' arithmetic mean is the teacher's
  at::Tensor labels;  ///< [N], of any integer type, from −1 (unlabelled) to C − 1
  at::Tensor peers;   ///< logits [M, N, C] of all networks that are trained together, the student's among them
  std::map<std::string, at::Tensor> student_features, teacher_features;  ///< [N, …], by name; floats of any kind
};

struct LossEvaluation {
  double value = 0;
  at::Tensor gradient;  ///< [N, C], in the type of the student's logits; undefined where these were not given
  std::map<std::string, at::Tensor> feature_gradients;  ///< by the student's features, in their types
  int64_t examples = 0;
  int64_t parameters = 0;  ///< numbers that the loss would learn for itself; here they are as they start
};

/// Computes in the type of the student's logits, or of its features where there are no logits; statistics of the
/// teacher are those of its N rows; the loss's own parameters are drawn from `seed`. Throws Error of kind usage, before
/// anything is computed, where a tensor does not fit the others, or one that the loss reads is not given. What the loss
/// does not read may be given.
LossEvaluation evaluate_loss(const Choice& loss, const LossTensors& tensors, uint64_t seed = 1);

}  // namespace limbeck
