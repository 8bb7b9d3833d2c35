#pragma once
// How the outputs of several networks are averaged.
#include "limbeck/fields.h"

namespace limbeck {

///   geometric:  p ∝ (Π_m softmax(v_m / T))^(1/M) = softmax(mean_m v_m / T)
///   arithmetic: p = (1/M) Σ_m softmax(v_m / T)
///   logits:     v = (1/M) Σ_m v_m; the same distributions as geometric, and what logit regression asks for
enum class EnsembleMean { geometric, arithmetic, logits };

inline const std::vector<std::pair<std::string, EnsembleMean>>& ensemble_means() {
  static const std::vector<std::pair<std::string, EnsembleMean>> kMeans = {{"geometric", EnsembleMean::geometric},
                                                                           {"arithmetic", EnsembleMean::arithmetic},
                                                                           {"logits", EnsembleMean::logits}};
  return kMeans;
}

inline std::string name_of(EnsembleMean mean) {
  for (const auto& [name, candidate] : ensemble_means())
    if (candidate == mean) return name;
  return "";
}

/// Binds the option `mean`.
inline void bind_mean(Fields& fields, EnsembleMean& mean) {
  fields.choice<EnsembleMean>(
      "mean", mean, ensemble_means(),
      "geometric or arithmetic mean of the networks' distributions at the loss's temperature; logits: mean of the "
      "logits (the same distributions as geometric)");
}

}  // namespace limbeck
