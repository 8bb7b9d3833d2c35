#include "nn/ensembles/network_group.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {

NetworkGroup::NetworkGroup(std::vector<std::shared_ptr<Network>> members) : members_(std::move(members)) {
  if (members_.empty()) throw Error("an ensemble of no networks; expected at least one");
  collect_tensors();
}

void NetworkGroup::collect_tensors() {
  parameters_.clear();
  buffers_.clear();
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto own_name = [&](const Parameter& tensor) { return fmt::format("{}.{}", i + 1, tensor.name); };
    for (const Parameter& parameter : members_[i]->parameters())
      parameters_.push_back({own_name(parameter), parameter.value});
    for (const Parameter& buffer : members_[i]->buffers()) buffers_.push_back({own_name(buffer), buffer.value});
  }
}

int64_t NetworkGroup::parameter_count() const {
  int64_t count = 0;
  for (const auto& member : members_) count += member->parameter_count();
  return count;
}

std::optional<int64_t> NetworkGroup::multiply_adds() const {
  int64_t count = 0;
  for (const auto& member : members_) {
    const std::optional<int64_t> own = member->multiply_adds();
    if (!own) return std::nullopt;
    count += *own;
  }
  return count;
}

Capabilities NetworkGroup::capabilities() const {
  Capabilities all{.can_be_recorded = true};
  for (const auto& member : members_) {
    const Capabilities own = member->capabilities();
    all.can_be_recorded &= own.can_be_recorded;
    all.rounds_products |= own.rounds_products;
    all.widest_activation = std::max(all.widest_activation, own.widest_activation);  // one runs after the other
  }
  return all;
}

std::string NetworkGroup::identity() const {
  std::string text;
  for (size_t i = 0; i < members_.size(); ++i)
    if (const std::string own = members_[i]->identity(); !own.empty()) text += fmt::format("{}: {}\n", i + 1, own);
  return text;
}

void NetworkGroup::to(at::Device device) {
  for (const auto& member : members_) member->to(device);
  collect_tensors();
}

}  // namespace limbeck
