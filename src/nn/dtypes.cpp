#include "nn/dtypes.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <array>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

const std::array<std::pair<const char*, torch::ScalarType>, 10>& dtypes() {
  static const std::array<std::pair<const char*, torch::ScalarType>, 10> kTypes = {{{"F64", torch::kFloat64},
                                                                                    {"F32", torch::kFloat32},
                                                                                    {"F16", torch::kFloat16},
                                                                                    {"BF16", torch::kBFloat16},
                                                                                    {"I64", torch::kInt64},
                                                                                    {"I32", torch::kInt32},
                                                                                    {"I16", torch::kInt16},
                                                                                    {"I8", torch::kInt8},
                                                                                    {"U8", torch::kUInt8},
                                                                                    {"BOOL", torch::kBool}}};
  return kTypes;
}

}  // namespace

std::optional<torch::ScalarType> scalar_type_of(std::string_view dtype) {
  for (const auto& [name, type] : dtypes())
    if (name == dtype) return type;
  return std::nullopt;
}

std::string dtype_name(torch::ScalarType type) {
  for (const auto& [name, scalar_type] : dtypes())
    if (scalar_type == type) return name;
  throw Error(fmt::format("tensors of type {} cannot be stored in a file", c10::toString(type)));
}

torch::Tensor tensor_from(torch::ScalarType type, const std::vector<int64_t>& shape, std::string_view bytes) {
  torch::Tensor tensor = torch::empty(shape, type);
  if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

std::string_view bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace limbeck
