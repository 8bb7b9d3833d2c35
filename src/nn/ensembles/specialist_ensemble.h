#pragma once
// A generalist with specialists, each of which knows a few classes better (Hinton, Vinyals, Dean 2015, section 5).
//
// For each example the specialists are asked whose classes meet the generalist's `top` most probable ones; what they
// and the generalist say is brought together by combined_distribution, and its logarithms are the logits.
//
//   const SpecialistEnsemble all(generalist, {{.classes = {3, 5, 9}, .network = first}, …}, {.top = 1});
//   all.forward(inputs, {}).logits;
#include <ATen/core/Tensor.h>

#include "nn/ensembles/combined_distribution.h"
#include "nn/ensembles/network_group.h"

namespace limbeck {

struct Specialist {
  std::vector<int64_t> classes;  ///< that it knows
  bool full = false;             ///< gives all classes; false: its own in their order, and a dustbin for all others
  std::shared_ptr<Network> network;
};

struct SpecialistOptions {
  int64_t top = 1;  ///< of the generalist's classes, for which specialists are asked
  CombinationOptions combination = {};
};

class SpecialistEnsemble : public NetworkGroup {
 public:
  /// The members are the generalist, then the specialists.
  SpecialistEnsemble(std::shared_ptr<Network> generalist, std::vector<Specialist> specialists,
                     const SpecialistOptions& options);

  /// Logits of the combined distribution, without gradient. Taps and training passes are an Error.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  /// Never recorded: which specialists run depends on what the generalist says.
  Capabilities capabilities() const override;
  std::string identity() const override;

  const std::vector<Specialist>& specialists() const { return specialists_; }
  /// Of each example, which specialists the generalist's logits [N, C] ask for, [N, M] bool.
  at::Tensor active(const at::Tensor& generalist_logits) const;

 private:
  std::vector<Specialist> specialists_;
  SpecialistOptions options_;
};

}  // namespace limbeck
