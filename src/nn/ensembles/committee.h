#pragma once
// Several networks as one: an ensemble whose members were trained apart, or a community that is trained together.
//
//   Committee ensemble({first, second, third}, EnsembleMean::geometric);
//   Outputs outputs = ensemble.forward(inputs, {});   // logits of the mean, and each member's
#include <ATen/core/Tensor.h>

#include "nn/ensembles/network_group.h"

namespace limbeck {

class Committee : public NetworkGroup {
 public:
  /// Throws Error for no members.
  Committee(std::vector<std::shared_ptr<Network>> members, EnsembleMean mean)
      : NetworkGroup(std::move(members)), mean_(mean) {}

  /// Logits of the mean (arithmetic: the logarithm of the mean distribution at T = 1) and each member's. In a training
  /// pass each member draws its own dropout. Taps are an Error: members have features of their own.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;

  /// The committee's logits from those of its members, in their order.
  at::Tensor mean_of(const std::vector<at::Tensor>& logits) const;
  EnsembleMean mean() const { return mean_; }

 private:
  EnsembleMean mean_;
};

}  // namespace limbeck
