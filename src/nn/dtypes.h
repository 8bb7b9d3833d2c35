#pragma once
// The types of tensors under the names that files give them.

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

/// "F32" → at::kFloat; nullopt for a type that tensors cannot have.
std::optional<at::ScalarType> scalar_type_of(std::string_view dtype);

/// at::kFloat → "F32". Throws Error for a type that has no name in files.
std::string dtype_name(at::ScalarType type);

/// A tensor with memory of its own. `bytes` are row-major, and as many as type and shape need.
at::Tensor tensor_from(at::ScalarType type, const std::vector<int64_t>& shape, std::string_view bytes);

/// The bytes of a contiguous tensor on the CPU, valid as long as it is.
std::string_view bytes_of(const at::Tensor& tensor);

}  // namespace limbeck
