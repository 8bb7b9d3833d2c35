#pragma once
// Base class of networks that consist of networks. Subclasses define the output; parameters and buffers are those of
// the members, named "1.fc1.weight", "2.fc1.weight", …
#include <memory>

#include "nn/network.h"

namespace limbeck {

class NetworkGroup : public Network {
 public:
  /// Throws Error if there are no members.
  explicit NetworkGroup(std::vector<std::shared_ptr<Network>> members);

  const std::vector<Parameter>& parameters() const override { return parameters_; }
  const std::vector<Parameter>& buffers() const override { return buffers_; }
  int64_t parameter_count() const override;
  std::optional<int64_t> multiply_adds() const override;
  /// Supports capture if all members do; rounds products if any member does.
  Capabilities capabilities() const override;
  std::string identity() const override;
  void to(at::Device device) override;

  const std::vector<std::shared_ptr<Network>>& members() const { return members_; }

 private:
  void collect_tensors();

  std::vector<std::shared_ptr<Network>> members_;
  std::vector<Parameter> parameters_;
  std::vector<Parameter> buffers_;
};

}  // namespace limbeck
