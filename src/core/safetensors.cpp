#include "core/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/file_format.h"
#include "core/hash.h"
#include "core/json.h"

namespace limbeck {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kLargestHeader = 100'000'000;  // the reference implementation's limit

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw Error(fmt::format("'{}' is not a valid safetensors file: {}", path.string(), why));
}

Json parse_header(const fs::path& path, std::string_view text) {
  Json header;
  try {
    header = parse_json(text, "header");
  } catch (const Error& problem) {
    refuse(path, fmt::format("bytes {} to {}: {}", kLengthBytes, kLengthBytes + text.size(), problem.what()));
  }
  if (!header.is_object()) refuse(path, "the header is not a JSON object");
  return header;
}

std::map<std::string, std::string> parse_metadata(const fs::path& path, const Json& entry) {
  std::map<std::string, std::string> metadata;
  if (!entry.is_object()) refuse(path, "__metadata__ is not an object");
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) refuse(path, fmt::format("__metadata__['{}'] is not a string", key));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// Reads a JSON array of non-negative integers.
std::vector<uint64_t> parse_sizes(const fs::path& path, const std::string& name, const Json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->is_array()) refuse(path, fmt::format("tensor '{}' has no {}", name, field));
  std::vector<uint64_t> sizes;
  for (const Json& size : *found) {
    if (!size.is_number_unsigned()) refuse(path, fmt::format("tensor '{}': {} holds {}", name, field, size.dump()));
    sizes.push_back(size.get<uint64_t>());
  }
  return sizes;
}

RawTensor parse_tensor(const fs::path& path, const std::string& name, const Json& entry, std::string_view data) {
  if (!entry.is_object()) refuse(path, fmt::format("the entry of tensor '{}' is not an object", name));
  RawTensor tensor;
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) refuse(path, fmt::format("tensor '{}' has no dtype", name));
  tensor.dtype = dtype->get<std::string>();
  const size_t size = element_size(tensor.dtype);
  if (size == 0) refuse(path, fmt::format("tensor '{}' has the unknown dtype '{}'", name, tensor.dtype));

  uint64_t bytes = size;
  for (const uint64_t extent : parse_sizes(path, name, entry, "shape")) {
    if (extent != 0 && bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / extent)
      refuse(path, fmt::format("the shape of tensor '{}' is too large", name));
    bytes *= extent;
    tensor.shape.push_back(static_cast<int64_t>(extent));
  }
  const std::vector<uint64_t> offsets = parse_sizes(path, name, entry, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size())
    refuse(path, fmt::format("tensor '{}' lies outside the file's {} bytes of data", name, data.size()));
  if (offsets[1] - offsets[0] != bytes)
    refuse(path,
           fmt::format("tensor '{}' takes {} bytes, but its shape needs {}", name, offsets[1] - offsets[0], bytes));
  tensor.bytes = data.substr(offsets[0], bytes);
  return tensor;
}

}  // namespace

size_t element_size(std::string_view dtype) {
  constexpr std::array<std::pair<std::string_view, size_t>, 12> kSizes = {{{"F64", 8},
                                                                           {"I64", 8},
                                                                           {"U64", 8},
                                                                           {"F32", 4},
                                                                           {"I32", 4},
                                                                           {"U32", 4},
                                                                           {"F16", 2},
                                                                           {"BF16", 2},
                                                                           {"I16", 2},
                                                                           {"U8", 1},
                                                                           {"I8", 1},
                                                                           {"BOOL", 1}}};
  for (const auto& [name, size] : kSizes)
    if (name == dtype) return size;
  return 0;
}

SafetensorsFile read_safetensors(const fs::path& path) {
  SafetensorsFile file;
  file.content = std::make_unique<const std::string>(read_file(path));
  SafetensorsView view = parse_safetensors(path, *file.content);
  file.tensors = std::move(view.tensors);
  file.metadata = std::move(view.metadata);
  return file;
}

SafetensorsView parse_safetensors(const fs::path& path, std::string_view content, Verify verify) {
  SafetensorsView file;
  if (content.size() < kLengthBytes) refuse(path, fmt::format("it has {} bytes", content.size()));
  uint64_t header_length = 0;
  std::memcpy(&header_length, content.data(), kLengthBytes);
  const FileFormat format = format_of(content);
  if (format != FileFormat::safetensors && format != FileFormat::other)
    refuse(path, fmt::format("it is {}", to_text(format)));
  if (header_length > kLargestHeader || header_length > content.size() - kLengthBytes)
    refuse(path, fmt::format("its header claims {} bytes, the file has {}", header_length, content.size()));

  const Json header = parse_header(path, content.substr(kLengthBytes, header_length));
  const std::string_view data = content.substr(kLengthBytes + header_length);
  size_t used = 0;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      file.metadata = parse_metadata(path, entry);
      continue;
    }
    file.tensors[name] = parse_tensor(path, name, entry, data);
    used += file.tensors[name].bytes.size();
  }
  if (used != data.size())
    refuse(path, fmt::format("its tensors take {} bytes, but {} follow the header", used, data.size()));
  const auto written = file.metadata.find(kChecksumKey);
  if (verify == Verify::yes && written != file.metadata.end() && written->second != kUnfinished &&
      written->second != safetensors_checksum(file.tensors, file.metadata))
    refuse(path, "its content does not match its checksum; the file is damaged");
  return file;
}

std::string safetensors_checksum(const std::map<std::string, RawTensor>& tensors,
                                 const std::map<std::string, std::string>& metadata) {
  Hasher hasher;
  for (const auto& [key, value] : metadata)
    if (key != kChecksumKey) hasher.add(key).add(value);
  for (const auto& [name, tensor] : tensors) {
    hasher.add(name).add(tensor.dtype).add(tensor.shape.data(), tensor.shape.size() * sizeof(int64_t));
    hasher.add(tensor.bytes);
  }
  return hasher.fingerprint();
}

std::string safetensors_header(const std::map<std::string, RawTensor>& tensors,
                               const std::map<std::string, std::string>& metadata, const std::string& checksum,
                               size_t at_least) {
  Json header = {{"__metadata__", metadata}};
  header["__metadata__"][kChecksumKey] = checksum;
  size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    size_t bytes = element_size(tensor.dtype);
    for (const int64_t extent : tensor.shape) bytes *= static_cast<size_t>(extent);
    append(header, name,
           {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}});
    offset += bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() + kLengthBytes < at_least) text.append(at_least - kLengthBytes - text.size(), ' ');
  const auto length = static_cast<uint64_t>(text.size());
  text.insert(0, reinterpret_cast<const char*>(&length), sizeof length);
  return text;
}

void write_safetensors(const fs::path& path, const std::map<std::string, RawTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = safetensors_header(tensors, metadata, safetensors_checksum(tensors, metadata));
  write_file(path, [&](const ByteSink& sink) {
    sink(header.data(), header.size());
    for (const auto& [name, tensor] : tensors) sink(tensor.bytes.data(), tensor.bytes.size());
  });
}

}  // namespace limbeck
