#pragma once
// Evaluates a loss on given tensors instead of network outputs: to inspect a loss, or to compare it with another
// implementation.
//
//   const Choice loss = components().choose(Slot::loss, "soft_targets");
//   const LossEvaluation evaluation = evaluate_loss({.loss = loss}, {.student = z, .teacher = v});
//   evaluation.value;      // mean over the examples
//   evaluation.gradient;   // [N, C], with respect to the student's logits

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "limbeck/operation.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Inputs of a loss; undefined: not given.
struct LossTensors {
  at::Tensor student;  ///< logits [N, C]: float64, float32, or a 16-bit float, which is widened to float32
  at::Tensor teacher;  ///< logits [N, C]; or [M, N, C] of an ensemble of M networks, whose teacher distribution is the
                       ///< arithmetic mean of theirs
  at::Tensor labels;   ///< [N], of any integer type, from −1 (unlabelled) to C − 1
  at::Tensor peers;    ///< logits [M, N, C] of all networks that are trained jointly, including the student
  std::map<std::string, at::Tensor> student_features, teacher_features;  ///< [N, …], by name; any floating-point type
  std::map<std::string, at::Tensor> parameters;  ///< of the loss, by name; others have their initial values
  double epochs = 0;                             ///< epochs done, for losses that change with them
};

struct LossEvaluation {
  double value = 0;
  at::Tensor gradient;  ///< [N, C], in the type of the student's logits; undefined if these were not given
  std::map<std::string, at::Tensor> feature_gradients;  ///< with respect to the student's features, in their types
  int64_t examples = 0;
  std::map<std::string, Shape> parameters;  ///< shapes of the loss's trainable parameters, by name
};

/// Computes in the type of the student's logits, or of its features if there are no logits. Teacher statistics are
/// computed over the N rows; the loss's own parameters are initialized from `seed`. A loss over features that names
/// none compares those that are given, in alphabetical order. The term's weight is not used. Throws Error of kind
/// usage, before any computation, if tensors have incompatible shapes or one that the loss requires is missing. Tensors
/// that the loss does not read are allowed.
LossEvaluation evaluate_loss(const LossTermRecipe& term, const LossTensors& tensors, uint64_t seed = 1);

}  // namespace limbeck
