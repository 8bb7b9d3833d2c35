#pragma once
// The safetensors file format (https://github.com/huggingface/safetensors): 8 bytes of little-endian header length, a JSON
// header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {…}}, then the tensors' bytes. Loading runs no
// code. Everything in a file is checked before it is used: a truncated, foreign or hostile file is an Error that names
// the file and the place.
//
//   SafetensorsFile file = read_safetensors("weights.safetensors");
//   file.tensors.at("fc1.weight").shape;   // {800, 784}
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct RawTensor {
  std::string dtype;           ///< "F32", "F64", "F16", "BF16", "I64", "I32", "U8", …
  std::vector<int64_t> shape;  ///< empty for a scalar
  std::string_view bytes;      ///< row-major, little-endian
};

/// A file in memory; the tensors' bytes point into `content`, which does not move with the struct.
struct SafetensorsFile {
  std::unique_ptr<const std::string> content;
  std::map<std::string, RawTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Bytes per element of a dtype; 0 for an unknown one.
size_t element_size(std::string_view dtype);

SafetensorsFile read_safetensors(const fs::path& path);

/// Writes atomically, tensors in the order of their names, the header padded to a multiple of 8. A checksum over names,
/// shapes, metadata and bytes goes into the metadata; read_safetensors verifies it where there is one.
void write_safetensors(const fs::path& path, const std::map<std::string, RawTensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace limbeck
