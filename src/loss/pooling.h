#pragma once
// Pools student and teacher features to one spatial size, for losses that compare them position by position.
#include <ATen/core/Tensor.h>

#include <utility>

#include "limbeck/loss.h"

namespace limbeck {

/// Feature maps [N, C, H, W] of both, reduced to the smaller height and the smaller width by adaptive average pooling.
struct PooledPair {
  at::Tensor student, teacher;
};
PooledPair pooled_to_one_size(const at::Tensor& student, const at::Tensor& teacher);

/// "the teacher's feature 'layer3' is 64x8x8, the student's 'pool' 64; expected …"; thrown as an Error of kind usage.
[[noreturn]] void refuse_features(const std::pair<std::string, Shape>& student,
                                  const std::pair<std::string, Shape>& teacher, const std::string& expected);

}  // namespace limbeck
