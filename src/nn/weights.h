#pragma once
// Weights as safetensors under PyTorch's parameter names, and tensors in and out of that format in general.

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "core/files.h"
#include "nn/network.h"

namespace limbeck {

using TensorMap = std::map<std::string, at::Tensor>;
using Metadata = std::map<std::string, std::string>;

/// Writes tensors (copied to the CPU where needed), atomically.
void save_tensors(const fs::path& path, const TensorMap& tensors, const Metadata& metadata);

struct LoadedTensors {
  TensorMap tensors;  ///< own memory, on the CPU
  Metadata metadata;
};
LoadedTensors load_tensors(const fs::path& path);

/// The parameters and buffers of a network, by name.
TensorMap state_of(const Network& network);

/// Copies the tensors into the network's parameters and buffers. A missing, additional or misshapen tensor is an Error
/// that names `where` they come from, every tensor concerned, and both shapes; then nothing is copied.
void load_state(Network& network, const TensorMap& tensors, const std::string& where);

}  // namespace limbeck
