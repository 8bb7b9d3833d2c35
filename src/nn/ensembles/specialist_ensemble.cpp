#include "nn/ensembles/specialist_ensemble.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {
namespace {

std::vector<std::shared_ptr<Network>> all_networks(std::shared_ptr<Network> generalist,
                                                   const std::vector<Specialist>& specialists) {
  std::vector<std::shared_ptr<Network>> networks = {std::move(generalist)};
  for (const Specialist& specialist : specialists) networks.push_back(specialist.network);
  return networks;
}

}  // namespace

SpecialistEnsemble::SpecialistEnsemble(std::shared_ptr<Network> generalist, std::vector<Specialist> specialists,
                                       const SpecialistOptions& options)
    : NetworkGroup(all_networks(std::move(generalist), specialists)),
      specialists_(std::move(specialists)),
      options_(options) {}

at::Tensor SpecialistEnsemble::active(const at::Tensor& generalist_logits) const {
  const at::Tensor top =
      std::get<1>(generalist_logits.topk(std::min(options_.top, generalist_logits.size(1)), 1));  // [N, n]
  std::vector<at::Tensor> columns;
  for (const Specialist& specialist : specialists_) {
    at::Tensor knows = at::zeros({generalist_logits.size(1)}, at::kBool);
    for (const int64_t c : specialist.classes) knows[c] = true;
    columns.push_back(knows.to(top.device()).index({top}).any(1));
  }
  return columns.empty() ? at::zeros({top.size(0), 0}, top.options().dtype(at::kBool)) : at::stack(columns, 1);
}

Outputs SpecialistEnsemble::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  if (!options.taps.empty())
    throw Error(ErrorKind::usage, "specialists have no features in common; name one network to tap");
  if (options.noise != nullptr) throw Error("specialists are trained one by one");
  const at::NoGradGuard no_gradient;
  if (options.prepared != nullptr) options.prepared->members.resize(members().size());
  const auto run = [&](size_t member, const at::Tensor& of) {
    ForwardOptions own = options;
    if (options.prepared != nullptr) own.prepared = &options.prepared->members[member];
    return members()[member]->forward(of, own).logits;
  };
  const at::Tensor general = run(0, inputs), asked = active(general);
  std::vector<SpecialistOpinion> opinions;
  for (size_t m = 0; m < specialists_.size(); ++m) {
    const at::Tensor rows = asked.select(1, static_cast<int64_t>(m)).nonzero().flatten();
    if (rows.size(0) == 0) continue;
    const at::Tensor logits = run(m + 1, inputs.index_select(0, rows));
    opinions.push_back({.classes = specialists_[m].full ? std::vector<int64_t>{} : specialists_[m].classes,
                        .log_probabilities = at::log_softmax(logits, 1).to(at::kCPU),
                        .rows = rows.to(at::kCPU)});
  }
  const at::Tensor base = at::log_softmax(general, 1).to(at::kCPU);
  return {.logits = combined_distribution(base, opinions, options_.combination).log_probabilities.to(inputs.device())};
}

Capabilities SpecialistEnsemble::capabilities() const {
  Capabilities all = NetworkGroup::capabilities();
  all.can_be_recorded = false;
  return all;
}

std::string SpecialistEnsemble::identity() const {
  std::string text = fmt::format("top {}, {}\n", options_.top,
                                 options_.combination.divergence == Divergence::forward ? "forward" : "reverse");
  for (const Specialist& specialist : specialists_)
    text += fmt::format("{} {}\n", fmt::join(specialist.classes, " "), specialist.full ? "full" : "dustbin");
  return text + NetworkGroup::identity();
}

}  // namespace limbeck
