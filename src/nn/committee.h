#pragma once
// Several networks as one: an ensemble whose members were trained apart, or a community that is trained together.
//
//   Committee ensemble({first, second, third}, EnsembleMean::geometric);
//   Outputs outputs = ensemble.forward(inputs, {});   // logits of the mean, and each member's
#include <memory>

#include "nn/network.h"

namespace limbeck {

class Committee : public Network {
 public:
  /// Throws Error for no members. The members' parameters and buffers become the committee's under the names "1.fc1.weight", "2.fc1.weight", …
  Committee(std::vector<std::shared_ptr<Network>> members, EnsembleMean mean);

  /// Logits of the mean (arithmetic: the logarithm of the mean distribution at T = 1) and each member's. In a training pass
  /// each member draws its own dropout. Taps are an Error: members have features of their own.
  Outputs forward(const torch::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  const std::vector<Parameter>& buffers() const override { return buffers_; }
  int64_t parameter_count() const override;
  std::optional<int64_t> multiply_adds() const override;
  bool rounds_products() const override;
  std::string identity() const override;
  void to(torch::Device device) override;

  /// The committee's logits from those of its members, in their order.
  torch::Tensor mean_of(const std::vector<torch::Tensor>& logits) const;
  const std::vector<std::shared_ptr<Network>>& members() const { return members_; }
  EnsembleMean mean() const { return mean_; }

 private:
  void collect_tensors();

  std::vector<std::shared_ptr<Network>> members_;
  EnsembleMean mean_;
  std::vector<Parameter> parameters_;
  std::vector<Parameter> buffers_;
};

}  // namespace limbeck
