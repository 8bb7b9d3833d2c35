#pragma once
// Features of student and teacher that are compared place by place, where their heights and widths differ.
#include <ATen/core/Tensor.h>

#include <utility>

#include "loss/loss.h"

namespace limbeck {

/// Pictures [N, C, H, W] of both, averaged (adaptive average pooling) to the smaller height and the smaller width.
struct PooledPair {
  at::Tensor student, teacher;
};
PooledPair pooled_to_one_size(const at::Tensor& student, const at::Tensor& teacher);

/// "the teacher's feature 'layer3' is 64x8x8, the student's 'pool' 64; expected …"; thrown as an Error of kind usage.
[[noreturn]] void refuse_features(const std::pair<std::string, Shape>& student,
                                  const std::pair<std::string, Shape>& teacher, const std::string& expected);

}  // namespace limbeck
