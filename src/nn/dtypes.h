#pragma once
// Tensor types and their names in files.

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

/// "F32" → at::kFloat; nullopt for an unsupported type.
std::optional<at::ScalarType> scalar_type_of(std::string_view dtype);

/// at::kFloat → "F32". Throws Error for a type that has no name in files.
std::string dtype_name(at::ScalarType type);

/// Creates a tensor that owns its memory. `bytes` are row-major and must match type and shape.
at::Tensor tensor_from(at::ScalarType type, const std::vector<int64_t>& shape, std::string_view bytes);

/// Returns the bytes of a contiguous CPU tensor, valid as long as the tensor is.
std::string_view bytes_of(const at::Tensor& tensor);

}  // namespace limbeck
