#include "nn/ensembles/committee.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include "core/error.h"
#include "core/random.h"
#include "recipe/ensemble_mean.h"

namespace limbeck {

Outputs Committee::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  if (!options.taps.empty())
    throw Error(ErrorKind::usage, "an ensemble has no features of its own; name one network to tap");
  if (options.prepared != nullptr) options.prepared->members.resize(members().size());
  Outputs outputs;
  for (size_t i = 0; i < members().size(); ++i) {
    ForwardOptions own = options;
    Noise noise;
    if (options.noise != nullptr) {
      noise = *options.noise;
      noise.seed = replica_seed(noise.seed, static_cast<uint32_t>(i + 1));
      own.noise = &noise;
    }
    if (options.prepared != nullptr) own.prepared = &options.prepared->members[i];
    outputs.members.push_back(members()[i]->forward(inputs, own).logits);
  }
  outputs.logits = mean_of(outputs.members);
  return outputs;
}

at::Tensor Committee::mean_of(const std::vector<at::Tensor>& logits) const {
  if (mean_ == EnsembleMean::arithmetic) return log_mean_distribution(at::stack(logits, 1), 1);
  return at::stack(logits).mean(0);
}

}  // namespace limbeck
