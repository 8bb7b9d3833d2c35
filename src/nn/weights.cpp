#include "nn/weights.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/error.h"
#include "core/safetensors.h"
#include "nn/dtypes.h"

namespace limbeck {
namespace {

at::Tensor to_tensor(const RawTensor& raw, const std::string& name, const fs::path& path) {
  const auto type = scalar_type_of(raw.dtype);
  if (!type)
    throw Error(fmt::format("'{}': tensor '{}' has the type {}, which cannot be read", path.string(), name, raw.dtype));
  return tensor_from(*type, raw.shape, raw.bytes);
}

/// PyTorch's batch norm counts its steps and, unless its momentum is None, does nothing with the number.
bool is_step_count(const std::string& name) {
  return name.ends_with("num_batches_tracked");
}

/// A line for each of the first problems, and what they may come from.
std::string list_of(const std::vector<std::string>& problems, const TensorMap& tensors) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t i = 0; i < std::min(kMost, problems.size()); ++i) text += "\n  " + problems[i];
  if (problems.size() > kMost) text += fmt::format("\n  and {} more", problems.size() - kMost);
  if (!tensors.empty() &&
      std::all_of(tensors.begin(), tensors.end(), [](const auto& named) { return named.first.starts_with("module."); }))
    text +=
        "\nAll its names begin with 'module.', as torch.nn.DataParallel leaves them; save model.module.state_dict()";
  return text;
}

}  // namespace

void save_tensors(const fs::path& path, const TensorMap& tensors, const Metadata& metadata) {
  TensorMap on_host;
  std::map<std::string, RawTensor> raw;
  for (const auto& [name, tensor] : tensors) {
    at::Tensor& host = on_host[name] = tensor.detach().to(at::kCPU).contiguous();
    raw[name] = {dtype_name(host.scalar_type()), host.sizes().vec(), bytes_of(host)};
  }
  write_safetensors(path, raw, metadata);
}

LoadedTensors load_tensors(const fs::path& path) {
  SafetensorsFile file = read_safetensors(path);
  LoadedTensors loaded;
  loaded.metadata = std::move(file.metadata);
  for (const auto& [name, raw] : file.tensors) loaded.tensors[name] = to_tensor(raw, name, path);
  return loaded;
}

TensorMap state_of(const Network& network) {
  TensorMap state;
  for (const Parameter& parameter : network.parameters()) state[parameter.name] = parameter.value.detach();
  for (const Parameter& buffer : network.buffers()) state[buffer.name] = buffer.value;
  return state;
}

void load_state(Network& network, const TensorMap& tensors, const std::string& where) {
  std::vector<std::string> problems;
  TensorMap state = state_of(network);
  for (const auto& [name, own] : state) {
    const auto found = tensors.find(name);
    if (found == tensors.end())
      problems.push_back(fmt::format("missing: {} {}", name, to_text(own.sizes().vec())));
    else if (found->second.sizes() != own.sizes())
      problems.push_back(fmt::format("{}: is {}, expected {}", name, to_text(found->second.sizes().vec()),
                                     to_text(own.sizes().vec())));
    else if (own.is_floating_point() && !found->second.is_floating_point())
      problems.push_back(fmt::format("{}: is of whole numbers ({}), as of a quantised network", name,
                                     dtype_name(found->second.scalar_type())));
  }
  for (const auto& [name, tensor] : tensors)
    if (!state.contains(name) && !is_step_count(name))
      problems.push_back(fmt::format("unexpected: {} {}", name, to_text(tensor.sizes().vec())));
  if (!problems.empty()) throw Error(fmt::format("{} does not fit the network:{}", where, list_of(problems, tensors)));
  at::NoGradGuard no_gradient;
  for (auto& [name, own] : state) own.copy_(tensors.at(name));
}

}  // namespace limbeck
