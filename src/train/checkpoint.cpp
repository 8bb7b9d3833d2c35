#include "train/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <fmt/ranges.h>

#include <charconv>
#include <sstream>

#include "results/checkpoint_parts.h"

namespace limbeck {
namespace {

constexpr const char* kFormat = "limbeck checkpoint 1";
constexpr double kLargestFile = 15 << 20;  // bytes of tensors; one that is larger by itself stands alone

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

double bytes_of(const at::Tensor& tensor) {
  return static_cast<double>(tensor.numel()) * static_cast<double>(tensor.itemsize());
}

/// The number of files beside the checkpoint's own; those that earlier versions wrote do not say it.
int64_t parts_of(const Metadata& metadata, const std::string& where) {
  const auto found = metadata.find("parts");
  if (found == metadata.end()) return 0;
  const std::string& text = found->second;
  int64_t parts = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts);
  if (error != std::errc() || end != text.data() + text.size() || parts < 0)
    throw Error(fmt::format("{} says that it is in '{}' parts; expected a number", where, text));
  return parts;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

fs::path CheckpointFile::part(const std::string& place, int64_t number) const {
  return path_.parent_path() /
         fmt::format("{}-{}-{}{}", path_.stem().string(), place, number, path_.extension().string());
}

int64_t CheckpointFile::write_parts(TensorMap& tensors, const std::string& place) const {
  double all = 0;
  for (const auto& [name, tensor] : tensors) all += bytes_of(tensor);
  if (all <= kLargestFile) return 0;
  int64_t parts = 0;
  while (!tensors.empty()) {
    TensorMap own;
    double size = 0;
    while (!tensors.empty()) {
      const auto next = tensors.begin();
      size += bytes_of(next->second);
      if (!own.empty() && size > kLargestFile) break;
      own.insert(tensors.extract(next));
    }
    save_tensors(part(place, ++parts), own, {{"format", kFormat}, {"fingerprint", fingerprint_}});
  }
  return parts;
}

void CheckpointFile::remove_parts(const std::string& place) const {
  const std::string own = fmt::format("{}-{}-", path_.stem().string(), place);
  std::error_code ignored;
  for (const fs::path& file : checkpoint_parts(path_))
    if (place.empty() || !file.filename().string().starts_with(own)) fs::remove(file, ignored);
}

void CheckpointFile::save(const TrainedState& state, const Progress& progress) const {
  TensorMap tensors;
  for (const auto& [name, tensor] : state_of(state.network)) tensors["network." + name] = tensor;
  for (const auto* own : {&state.loss_parameters, &state.loss_state})
    for (const Parameter& parameter : *own) tensors["losses." + parameter.name] = parameter.value;
  for (const auto& [name, tensor] : state.optimizer.state()) tensors["optimizer." + name] = tensor;
  for (const auto& [name, tensor] : progress.stopping) tensors["stopping." + name] = tensor;
  const std::string place = fmt::format("{}-{}", progress.epoch, progress.step);
  const int64_t parts = write_parts(tensors, place);
  tensors["progress.place"] = at::tensor({progress.epoch, progress.step}, at::kLong);
  tensors["progress.seconds"] = at::tensor({progress.seconds}, at::kDouble);
  tensors["progress.sums"] = progress.sums;
  save_tensors(path_, tensors,
               {{"format", kFormat},
                {"fingerprint", fingerprint_},
                {"parts", std::to_string(parts)},
                {"conditions", fmt::format("{}", fmt::join(progress.conditions, "\n"))}});
  remove_parts(parts == 0 ? "" : place);
}

std::optional<Progress> CheckpointFile::load(const TrainedState& state) const {
  if (!fs::exists(path_)) return std::nullopt;
  const std::string name = fmt::format("the checkpoint '{}'", path_.string());
  const std::string advice = "; remove the file to train this stage from its start";
  try {
    LoadedTensors loaded = load_tensors(path_);
    const auto format = loaded.metadata.find("format"), fingerprint = loaded.metadata.find("fingerprint");
    if (format == loaded.metadata.end() || format->second != kFormat || fingerprint == loaded.metadata.end() ||
        !loaded.metadata.contains("conditions"))
      throw Error(name + " was not written by this program");
    if (fingerprint->second != fingerprint_) return std::nullopt;
    const TensorMap place = part_of(loaded.tensors, "progress.");
    if (place.size() != 3) throw Error(name + " does not say how far it is");
    const auto epoch = place.at("place")[0].item<int64_t>(), step = place.at("place")[1].item<int64_t>();
    const int64_t parts = parts_of(loaded.metadata, name);
    for (int64_t i = 1; i <= parts; ++i) {
      const fs::path file = part(fmt::format("{}-{}", epoch, step), i);
      if (!fs::exists(file))
        throw Error(fmt::format("{} is in {} parts, and '{}' is not there", name, parts, file.string()));
      LoadedTensors own = load_tensors(file);
      if (own.metadata["format"] != kFormat || own.metadata["fingerprint"] != fingerprint_)
        throw Error(fmt::format("{} is in parts, and '{}' belongs to another training", name, file.string()));
      loaded.tensors.merge(own.tensors);
    }
    load_state(state.network, part_of(loaded.tensors, "network."), name);
    for (const auto* own : {&state.loss_parameters, &state.loss_state})
      load_parameters(*own, part_of(loaded.tensors, "losses."), name);
    state.optimizer.load_state(part_of(loaded.tensors, "optimizer."), name);
    return Progress{.epoch = epoch,
                    .step = step,
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
  remove_parts("");
}

}  // namespace limbeck
