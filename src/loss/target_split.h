#pragma once
// Losses on labels that treat the class of the label and the others separately.
#include <ATen/core/Tensor.h>

#include <functional>

#include "limbeck/loss.h"

namespace limbeck {

/// [N, C] bool like the logits: true at each example's label; at class 0 where it is unlabelled. Throws Error unless
/// there is a label for each row.
at::Tensor is_label(const at::Tensor& labels, const at::Tensor& logits);

/// A distribution p [N, C], divided into the label's class y and all others; everything is finite.
struct TargetSplit {
  at::Tensor log_target;  ///< [N], log p_y
  at::Tensor log_rest;    ///< [N], log (1 − p_y), as a sum over the other classes
  at::Tensor log_others;  ///< [N, C], log (p_c / (1 − p_y)), the distribution over the other classes; 0 at y
};
/// log_p: log-probabilities [N, C].
TargetSplit split_at(const at::Tensor& labels, const at::Tensor& log_p);

/// Returns Σ_n Σ_k w_nk L_nk / Σ_n Σ_k w_nk over the labels of each example, weighed as in LabelSums; 0 if nothing is
/// labelled. `losses` returns L [N] for labels [N]; those of unlabelled examples must be finite, and count nothing.
at::Tensor mean_over_labels(const Targets& targets, const std::function<at::Tensor(const at::Tensor& labels)>& losses);

}  // namespace limbeck
