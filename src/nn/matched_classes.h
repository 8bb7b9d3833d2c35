#pragma once
// A network whose outputs are put in the order of the data's classes, others left out. Softmax of the chosen logits is
// the network's distribution given that the class is one of the data's:
//   softmax(z_chosen)_k = p_k / (sum of p_j over the chosen classes j)
//
//   const auto teacher = match_classes(imagenet, {"tench", "goldfish", …}, {"cat", "dog"}, "the network 'teacher'");
//
// Thread-safety: as the network's.
#include <memory>
#include <string>
#include <vector>

#include "nn/network.h"

namespace limbeck {

class MatchedClasses : public Network {
 public:
  /// `columns`: for each of the data's classes, its place among the network's outputs.
  MatchedClasses(std::shared_ptr<Network> network, std::vector<int64_t> columns);

  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return network_->parameters(); }
  const std::vector<Parameter>& buffers() const override { return network_->buffers(); }
  int64_t parameter_count() const override { return network_->parameter_count(); }
  std::optional<int64_t> multiply_adds() const override { return network_->multiply_adds(); }
  Capabilities capabilities() const override { return network_->capabilities(); }
  std::vector<bool> rounded_parameters() const override { return network_->rounded_parameters(); }
  std::vector<std::string> features() const override { return network_->features(); }
  std::string identity() const override;
  void to(at::Device device) override;

  const Network& network() const { return *network_; }
  const std::vector<int64_t>& columns() const { return columns_; }

 private:
  std::shared_ptr<Network> network_;
  std::vector<int64_t> columns_;
  at::Tensor index_;  ///< columns_, on the device
};

/// Matches the network's classes with the data's by name. `names`: of the network's outputs, in their order; `where`:
/// for error messages. Throws Error of kind usage that lists the data's classes which the network does not know, since
/// it gives them no logit; and for a name that stands twice.
std::shared_ptr<Network> match_classes(std::shared_ptr<Network> network, const std::vector<std::string>& names,
                                       const std::vector<std::string>& wanted, const std::string& where);

}  // namespace limbeck
