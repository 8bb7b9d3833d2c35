// Adam with bias correction; weight decay is part of the gradient. See train/adam.h.
#include "train/adam.h"

namespace limbeck {

void register_adam(Catalogue& catalogue) {
  catalogue.add<Optimizer, AdamOptions, const ParameterGroups&>(
      Slot::optimizer,
      {.name = "adam",
       .summary = "Adam with bias correction; weight decay is part of the gradient.",
       .formula =
           "m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w = w - rate m / (sqrt(v) + epsilon), m and v corrected",
       .source = "Kingma, Ba 2015",
       .principal = "learning_rate"},
      [](const AdamOptions& options, const ParameterGroups& groups) {
        return make_adam(options, WeightDecay::coupled, groups);
      });
}

}  // namespace limbeck
