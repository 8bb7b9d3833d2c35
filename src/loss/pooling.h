#pragma once
// Pools student and teacher features to one spatial size, for losses that compare them position by position.
#include <utility>

#include "loss/feature_pairs.h"

namespace limbeck {

/// Feature maps [N, C, H, W] of both, reduced to the smaller height and the smaller width by adaptive average pooling.
/// Vectors are returned as they are.
FeaturePair pooled_to_one_size(const FeaturePair& pair);

/// Maps as they are; vectors [N, C] as maps [N, C, 1, 1].
at::Tensor as_map(const at::Tensor& feature);
FeaturePair as_maps(const FeaturePair& pair);

/// "the teacher's feature 'layer3' is 64x8x8, the student's 'pool' 64; expected …"; thrown as an Error of kind usage.
[[noreturn]] void refuse_features(const std::pair<std::string, Shape>& student,
                                  const std::pair<std::string, Shape>& teacher, const std::string& expected);

}  // namespace limbeck
