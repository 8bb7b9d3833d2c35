#include "programs/onnx_tensor.h"

#include <ATen/ops/empty.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

using Type = onnx::TensorProto;

/// The number of elements. Throws Error for extents that no data can have.
int64_t element_count_of(const onnx::TensorProto& tensor) {
  int64_t count = 1, reach = 1;  // the latter without the zeros
  for (const int64_t extent : tensor.dims()) {
    if (extent < 0 || __builtin_mul_overflow(reach, std::max<int64_t>(extent, 1), &reach) || reach > (int64_t{1} << 48))
      throw Error(fmt::format("the tensor '{}' has extents that no tensor can have", tensor.name()));
    count *= extent;
  }
  return count;
}

/// Elements that stand in a field of the message, each in a number of its own.
template <class Element, class Field>
at::Tensor from_field(const onnx::TensorProto& tensor, at::Tensor result, const Field& field) {
  if (field.size() != result.numel())
    throw Error(fmt::format("the tensor '{}' has {} elements; its extents say {}", tensor.name(), field.size(),
                            result.numel()));
  auto* elements = static_cast<Element*>(result.data_ptr());
  for (int i = 0; i < field.size(); ++i) elements[i] = static_cast<Element>(field.Get(i));
  return result;
}

uint64_t number_in(const std::string& text, const onnx::TensorProto& tensor) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error(
        fmt::format("the tensor '{}' has external data with '{}' where a number is expected", tensor.name(), text));
  return number;
}

}  // namespace

at::ScalarType type_of_onnx(int type) {
  switch (type) {
    case Type::FLOAT:
      return at::kFloat;
    case Type::DOUBLE:
      return at::kDouble;
    case Type::FLOAT16:
      return at::kHalf;
    case Type::BFLOAT16:
      return at::kBFloat16;
    case Type::INT64:
      return at::kLong;
    case Type::INT32:
      return at::kInt;
    case Type::INT16:
      return at::kShort;
    case Type::INT8:
      return at::kChar;
    case Type::UINT8:
      return at::kByte;
    case Type::BOOL:
      return at::kBool;
    default:
      break;
  }
  const bool has_name = onnx::TensorProto::DataType_IsValid(type);
  throw Error(fmt::format(
      "LibTorch has no tensors of ONNX's type {}",
      has_name ? onnx::TensorProto::DataType_Name(static_cast<Type::DataType>(type)) : std::to_string(type)));
}

at::Tensor OnnxTensorReader::read(const onnx::TensorProto& tensor) {
  const int64_t count = element_count_of(tensor);
  const at::ScalarType type = type_of_onnx(tensor.data_type());
  const std::vector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  const auto elements = static_cast<int64_t>(c10::elementSize(type));
  const bool is_external = tensor.data_location() == onnx::TensorProto::EXTERNAL;
  if (is_external || tensor.has_raw_data()) {
    const std::string_view bytes = is_external ? external_bytes(tensor) : std::string_view(tensor.raw_data());
    if (static_cast<int64_t>(bytes.size()) != count * elements)
      throw Error(fmt::format("the tensor '{}' has {} bytes; its extents and type say {}", tensor.name(), bytes.size(),
                              count * elements));
    at::Tensor result = at::empty(shape, type);
    if (!bytes.empty()) std::memcpy(result.data_ptr(), bytes.data(), bytes.size());
    if (type == at::kBool)
      for (auto *byte = static_cast<uint8_t*>(result.data_ptr()), *end = byte + count; byte != end; ++byte)
        *byte = *byte != 0;
    return result;
  }
  const int fields = std::max(
      {tensor.float_data_size(), tensor.double_data_size(), tensor.int32_data_size(), tensor.int64_data_size()});
  if (fields != count)
    throw Error(fmt::format("the tensor '{}' has {} elements; its extents say {}", tensor.name(), fields, count));
  at::Tensor result = at::empty(shape, type);
  switch (type) {
    case at::kFloat:
      return from_field<float>(tensor, result, tensor.float_data());
    case at::kDouble:
      return from_field<double>(tensor, result, tensor.double_data());
    case at::kLong:
      return from_field<int64_t>(tensor, result, tensor.int64_data());
    case at::kInt:
      return from_field<int32_t>(tensor, result, tensor.int32_data());
    case at::kHalf:
    case at::kBFloat16:
      return from_field<uint16_t>(tensor, result, tensor.int32_data());
    case at::kShort:
      return from_field<int16_t>(tensor, result, tensor.int32_data());
    case at::kBool:
      return from_field<bool>(tensor, result, tensor.int32_data());
    default:
      return from_field<uint8_t>(tensor, result, tensor.int32_data());
  }
}

std::string_view OnnxTensorReader::external_bytes(const onnx::TensorProto& tensor) {
  std::string location, offset = "0", length;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = entry.value();
    if (entry.key() == "length") length = entry.value();
  }
  const fs::path relative = location;
  const bool leads_out = relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end();
  const auto refuse = [&](const std::string& why) {
    throw Error(fmt::format("the tensor '{}' has its data in '{}', {}", tensor.name(), location, why));
  };
  if (location.empty() || location.find('\0') != std::string::npos) refuse("which is no file's name");
  if (leads_out) refuse("which may lie outside of the model's folder");
  auto& file = files_[location];
  if (file == nullptr) {
    std::error_code missing;
    const fs::path folder = fs::canonical(folder_.empty() ? fs::path(".") : folder_, missing);
    const fs::path path = missing ? fs::path() : fs::canonical(folder / relative, missing);
    if (missing) refuse(fmt::format("which cannot be read: {}", missing.message()));
    if (std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first != folder.end())
      refuse("a link that leads out of the model's folder");
    check_regular_file(path);
    file = std::make_unique<MappedFile>(MappedFile::open(path));
  }
  const uint64_t begin = number_in(offset, tensor), size = file->size();
  if (begin > size) refuse(fmt::format("from byte {} on; the file has {}", begin, size));
  const uint64_t count = length.empty() ? size - begin : number_in(length, tensor);
  if (count > size - begin) refuse(fmt::format("{} bytes from byte {} on; the file has {}", count, begin, size));
  return file->bytes().substr(begin, count);
}

}  // namespace limbeck
