#pragma once
// A generalist with specialists, each of which is better at a few classes (Hinton, Vinyals, Dean 2015, section 5).
//
// For each example, the specialists run whose classes intersect the generalist's `top` most probable ones. Their
// distributions and the generalist's are merged by combined_distribution; its log-probabilities are the logits.
//
//   const SpecialistEnsemble all(generalist, {{.classes = {3, 5, 9}, .network = first}, …}, {.top = 1});
//   all.forward(inputs, {}).logits;
#include <ATen/core/Tensor.h>

#include "nn/ensembles/combined_distribution.h"
#include "nn/ensembles/network_group.h"

namespace limbeck {

struct Specialist {
  std::vector<int64_t> classes;  ///< classes that it covers
  bool full = false;             ///< outputs all classes; false: its own in their order, and a dustbin for all others
  std::shared_ptr<Network> network;
};

struct SpecialistOptions {
  int64_t top = 1;  ///< number of the generalist's top classes that activate specialists
  CombinationOptions combination = {};
};

class SpecialistEnsemble : public NetworkGroup {
 public:
  /// Members: the generalist, then the specialists.
  SpecialistEnsemble(std::shared_ptr<Network> generalist, std::vector<Specialist> specialists,
                     const SpecialistOptions& options);

  /// Returns the logits of the combined distribution, without gradient. Throws Error for taps and training passes.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  /// Never supports capture, since the generalist's output determines which specialists run.
  Capabilities capabilities() const override;
  std::string identity() const override;

  const std::vector<Specialist>& specialists() const { return specialists_; }
  /// Returns which specialists the generalist's logits [N, C] activate for each example, [N, M] bool.
  at::Tensor active(const at::Tensor& generalist_logits) const;

 private:
  std::vector<Specialist> specialists_;
  SpecialistOptions options_;
};

}  // namespace limbeck
