#pragma once
// Adam (coupled weight decay) and AdamW (decoupled weight decay).
#include "train/optimizer.h"

namespace limbeck {

struct AdamOptions : UpdateOptions {
  AdamOptions() { learning_rate = 0.001; }
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  void bind(Fields& fields) {
    UpdateOptions::bind(fields);
    fields.number("beta1", beta1, from_below(0, 1), "decay of the mean of the gradient");
    fields.number("beta2", beta2, from_below(0, 1), "decay of the mean of its square");
    fields.number("epsilon", epsilon, above(0), "added to the root, against division by 0");
  }
};

/// coupled: the decay is added to the gradient (Adam). decoupled: it shrinks the weights directly (AdamW).
enum class WeightDecay { coupled, decoupled };

std::unique_ptr<Optimizer> make_adam(const AdamOptions& options, WeightDecay decay, const ParameterGroups& groups);

}  // namespace limbeck
