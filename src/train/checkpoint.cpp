#include "train/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <fmt/ranges.h>

#include <sstream>

namespace limbeck {
namespace {

constexpr const char* kFormat = "limbeck checkpoint 1";

/// The tensors whose names begin with `prefix`, without it.
TensorMap part_of(const TensorMap& tensors, const std::string& prefix) {
  TensorMap part;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) part[name.substr(prefix.size())] = tensor;
  return part;
}

void load_parameters(const std::vector<Parameter>& parameters, const TensorMap& saved, const std::string& where) {
  const at::NoGradGuard no_gradient;
  for (const Parameter& own : parameters) {
    const auto found = saved.find(own.name);
    if (found == saved.end() || found->second.sizes() != own.value.sizes())
      throw Error(fmt::format("{} has no fitting '{}' for the losses", where, own.name));
    at::Tensor target = own.value;
    target.copy_(found->second);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

void CheckpointFile::save(const TrainedState& state, const Progress& progress) const {
  TensorMap tensors;
  for (const auto& [name, tensor] : state_of(state.network)) tensors["network." + name] = tensor;
  for (const Parameter& parameter : state.loss_parameters) tensors["losses." + parameter.name] = parameter.value;
  for (const auto& [name, tensor] : state.optimizer.state()) tensors["optimizer." + name] = tensor;
  for (const auto& [name, tensor] : progress.stopping) tensors["stopping." + name] = tensor;
  tensors["progress.place"] = at::tensor({progress.epoch, progress.step}, at::kLong);
  tensors["progress.seconds"] = at::tensor({progress.seconds}, at::kDouble);
  tensors["progress.sums"] = progress.sums;
  save_tensors(path_, tensors,
               {{"format", kFormat},
                {"fingerprint", fingerprint_},
                {"conditions", fmt::format("{}", fmt::join(progress.conditions, "\n"))}});
}

std::optional<Progress> CheckpointFile::load(const TrainedState& state) const {
  if (!fs::exists(path_)) return std::nullopt;
  const std::string name = fmt::format("the checkpoint '{}'", path_.string());
  const std::string advice = "; remove the file to train this stage from its start";
  try {
    const LoadedTensors loaded = load_tensors(path_);
    const auto format = loaded.metadata.find("format"), fingerprint = loaded.metadata.find("fingerprint");
    if (format == loaded.metadata.end() || format->second != kFormat || fingerprint == loaded.metadata.end() ||
        !loaded.metadata.contains("conditions"))
      throw Error(name + " was not written by this program");
    if (fingerprint->second != fingerprint_) return std::nullopt;
    const TensorMap place = part_of(loaded.tensors, "progress.");
    if (place.size() != 3) throw Error(name + " does not say how far it is");
    load_state(state.network, part_of(loaded.tensors, "network."), name);
    load_parameters(state.loss_parameters, part_of(loaded.tensors, "losses."), name);
    state.optimizer.load_state(part_of(loaded.tensors, "optimizer."), name);
    return Progress{.epoch = place.at("place")[0].item<int64_t>(),
                    .step = place.at("place")[1].item<int64_t>(),
                    .seconds = place.at("seconds")[0].item<double>(),
                    .sums = place.at("sums"),
                    .stopping = part_of(loaded.tensors, "stopping."),
                    .conditions = lines_of(loaded.metadata.at("conditions"))};
  } catch (const Error& error) {
    throw Error(error.what() + advice);
  }
}

void CheckpointFile::remove() const {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace limbeck
