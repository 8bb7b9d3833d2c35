#pragma once
// Several networks as one: an ensemble of independently trained members, or a community that is trained jointly.
//
//   Committee ensemble({first, second, third}, EnsembleMean::geometric);
//   Outputs outputs = ensemble.forward(inputs, {});   // logits of the mean, and each member's
#include <ATen/core/Tensor.h>

#include "nn/ensembles/network_group.h"
#include "recipe/ensemble_mean.h"

namespace limbeck {

class Committee : public NetworkGroup {
 public:
  /// Throws Error if there are no members.
  Committee(std::vector<std::shared_ptr<Network>> members, EnsembleMean mean)
      : NetworkGroup(std::move(members)), mean_(mean) {}

  /// Returns the logits of the mean (arithmetic: the logarithm of the mean distribution at T = 1) and of each member.
  /// In training, each member has its own dropout masks. Throws Error if features are tapped, since members have
  /// features of their own.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;

  /// Returns the ensemble's logits, given those of its members in order.
  at::Tensor mean_of(const std::vector<at::Tensor>& logits) const;
  EnsembleMean mean() const { return mean_; }

 private:
  EnsembleMean mean_;
};

}  // namespace limbeck
