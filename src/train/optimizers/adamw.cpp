// Adam with decoupled weight decay. See train/adam.h.
#include "train/adam.h"

namespace limbeck {

void register_adamw(Catalogue& catalogue) {
  catalogue.add<Optimizer, AdamOptions, const ParameterGroups&>(
      Slot::optimizer,
      {.name = "adamw",
       .summary = "Adam with decoupled weight decay.",
       .formula =
           "m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w = w - rate m / (sqrt(v) + epsilon), m and v corrected",
       .source = "Loshchilov, Hutter 2019",
       .principal = "learning_rate"},
      [](const AdamOptions& options, const ParameterGroups& groups) {
        return make_adam(options, WeightDecay::decoupled, groups);
      });
}

}  // namespace limbeck
