#include "nn/committee.h"

#include <torch/types.h>

#include <algorithm>

#include "core/random.h"

namespace limbeck {

Committee::Committee(std::vector<std::shared_ptr<Network>> members, EnsembleMean mean)
    : members_(std::move(members)), mean_(mean) {
  if (members_.empty()) throw Error("an ensemble of no networks; expected at least one");
  collect_tensors();
}

void Committee::collect_tensors() {
  parameters_.clear();
  buffers_.clear();
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto own_name = [&](const Parameter& tensor) { return fmt::format("{}.{}", i + 1, tensor.name); };
    for (const Parameter& parameter : members_[i]->parameters()) parameters_.push_back({own_name(parameter), parameter.value});
    for (const Parameter& buffer : members_[i]->buffers()) buffers_.push_back({own_name(buffer), buffer.value});
  }
}

Outputs Committee::forward(const torch::Tensor& inputs, const ForwardOptions& options) const {
  if (!options.taps.empty()) throw Error(ErrorKind::usage, "an ensemble has no features of its own; name one network to tap");
  if (options.prepared != nullptr) options.prepared->members.resize(members_.size());
  Outputs outputs;
  for (size_t i = 0; i < members_.size(); ++i) {
    ForwardOptions own = options;
    Noise noise;
    if (options.noise != nullptr) {
      noise = *options.noise;
      noise.seed = replica_seed(noise.seed, static_cast<uint32_t>(i + 1));
      own.noise = &noise;
    }
    if (options.prepared != nullptr) own.prepared = &options.prepared->members[i];
    outputs.members.push_back(members_[i]->forward(inputs, own).logits);
  }
  outputs.logits = mean_of(outputs.members);
  return outputs;
}

torch::Tensor Committee::mean_of(const std::vector<torch::Tensor>& logits) const {
  if (mean_ == EnsembleMean::arithmetic) return log_mean_distribution(torch::stack(logits, 1), 1);
  return torch::stack(logits).mean(0);
}

int64_t Committee::parameter_count() const {
  int64_t count = 0;
  for (const auto& member : members_) count += member->parameter_count();
  return count;
}

std::optional<int64_t> Committee::multiply_adds() const {
  int64_t count = 0;
  for (const auto& member : members_) {
    const std::optional<int64_t> own = member->multiply_adds();
    if (!own) return std::nullopt;
    count += *own;
  }
  return count;
}

bool Committee::rounds_products() const {
  return std::any_of(members_.begin(), members_.end(), [](const auto& member) { return member->rounds_products(); });
}

std::string Committee::identity() const {
  std::string text;
  for (size_t i = 0; i < members_.size(); ++i)
    if (const std::string own = members_[i]->identity(); !own.empty()) text += fmt::format("{}: {}\n", i + 1, own);
  return text;
}

void Committee::to(torch::Device device) {
  for (const auto& member : members_) member->to(device);
  collect_tensors();
}

}  // namespace limbeck
