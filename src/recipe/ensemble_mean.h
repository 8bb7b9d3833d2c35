#pragma once
// How the distributions of several networks are averaged.
#include "recipe/fields.h"

namespace limbeck {

///   geometric:  p ∝ (Π_m softmax(v_m / T))^(1/M) = softmax(mean_m v_m / T)
///   arithmetic: p = (1/M) Σ_m softmax(v_m / T)
///   logits:     v = (1/M) Σ_m v_m; the same distributions as geometric, and what logit regression asks for
enum class EnsembleMean { geometric, arithmetic, logits };

/// The option `mean`, wherever networks are averaged.
inline void bind_mean(Fields& fields, EnsembleMean& mean) {
  fields.choice<EnsembleMean>(
      "mean", mean,
      {{"geometric", EnsembleMean::geometric},
       {"arithmetic", EnsembleMean::arithmetic},
       {"logits", EnsembleMean::logits}},
      "how members are averaged: the geometric or arithmetic mean of their distributions at the loss's temperature, or "
      "the mean of their logits, which gives the geometric mean's distributions");
}

}  // namespace limbeck
