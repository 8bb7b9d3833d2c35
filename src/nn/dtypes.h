#pragma once
// The types of tensors under the names that files give them.
#include <torch/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

/// "F32" → torch::kFloat32; nullopt for a type that tensors cannot have.
std::optional<torch::ScalarType> scalar_type_of(std::string_view dtype);

/// torch::kFloat32 → "F32". Throws Error for a type that has no name in files.
std::string dtype_name(torch::ScalarType type);

/// A tensor with memory of its own. `bytes` are row-major, and as many as type and shape need.
torch::Tensor tensor_from(torch::ScalarType type, const std::vector<int64_t>& shape, std::string_view bytes);

/// The bytes of a contiguous tensor on the CPU, valid as long as it is.
std::string_view bytes_of(const torch::Tensor& tensor);

}  // namespace limbeck
