#include "nn/dtypes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <array>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

const std::array<std::pair<const char*, at::ScalarType>, 10>& dtypes() {
  static const std::array<std::pair<const char*, at::ScalarType>, 10> kTypes = {{{"F64", at::kDouble},
                                                                                 {"F32", at::kFloat},
                                                                                 {"F16", at::kHalf},
                                                                                 {"BF16", at::kBFloat16},
                                                                                 {"I64", at::kLong},
                                                                                 {"I32", at::kInt},
                                                                                 {"I16", at::kShort},
                                                                                 {"I8", at::kChar},
                                                                                 {"U8", at::kByte},
                                                                                 {"BOOL", at::kBool}}};
  return kTypes;
}

}  // namespace

std::optional<at::ScalarType> scalar_type_of(std::string_view dtype) {
  for (const auto& [name, type] : dtypes())
    if (name == dtype) return type;
  return std::nullopt;
}

std::string dtype_name(at::ScalarType type) {
  for (const auto& [name, scalar_type] : dtypes())
    if (scalar_type == type) return name;
  throw Error(fmt::format("tensors of type {} cannot be stored in a file", c10::toString(type)));
}

at::Tensor tensor_from(at::ScalarType type, const std::vector<int64_t>& shape, std::string_view bytes) {
  at::Tensor tensor = at::empty(shape, type);
  if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

std::string_view bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace limbeck
