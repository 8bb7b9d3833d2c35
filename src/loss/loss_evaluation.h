#pragma once
// A loss on tensors instead of on what networks give: to look at a loss, or to compare another implementation with it.
//
//   const Choice loss = components().choose(Slot::loss, "soft_targets");
//   const LossEvaluation evaluation = evaluate_loss(loss, {.student = z, .teacher = v});
//   evaluation.value;      // of the mean over the examples
//   evaluation.gradient;   // [N, C], by the student's logits

#include <ATen/core/Tensor.h>

#include "recipe/catalogue.h"

namespace limbeck {

/// What a loss may read; undefined: not given.
struct LossTensors {
  at::Tensor student;  ///< logits [N, C]: float64, float32, or a 16-bit float, which is widened to float32
  at::Tensor
      teacher;  ///< logits [N, C]; or [M, N, C], of M networks whose distributions' arithmetic mean is the teacher's
  at::Tensor labels;  ///< [N], of any integer type, from −1 (unlabelled) to C − 1
  at::Tensor peers;   ///< logits [M, N, C] of all networks that are trained together, the student's among them
};

struct LossEvaluation {
  double value = 0;
  at::Tensor gradient;  ///< [N, C], in the type of the student's logits
};

/// Computes in the type of the student's logits; statistics of the teacher are those of its N rows. Throws Error of
/// kind usage, before anything is computed, where a tensor does not fit the others, one that the loss reads is not
/// given, or the loss reads features. What the loss does not read may be given.
LossEvaluation evaluate_loss(const Choice& loss, const LossTensors& tensors);

}  // namespace limbeck
