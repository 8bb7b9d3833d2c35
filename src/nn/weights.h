#pragma once
// Reads and writes weights as safetensors with PyTorch's parameter names, and tensors in general.

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "core/files.h"
#include "nn/network.h"

namespace limbeck {

using TensorMap = std::map<std::string, at::Tensor>;
using Metadata = std::map<std::string, std::string>;

/// Writes tensors atomically, copying to the CPU if needed.
void save_tensors(const fs::path& path, const TensorMap& tensors, const Metadata& metadata);

struct LoadedTensors {
  TensorMap tensors;  ///< on the CPU, owning their memory
  Metadata metadata;
};
LoadedTensors load_tensors(const fs::path& path);

/// Returns the parameters and buffers of a network by name.
TensorMap state_of(const Network& network);

/// Copies tensors into the network's parameters and buffers. Throws Error for missing, unexpected or misshapen tensors,
/// naming the source `where`, every such tensor, and both shapes; nothing is copied then.
void load_state(Network& network, const TensorMap& tensors, const std::string& where);

}  // namespace limbeck
