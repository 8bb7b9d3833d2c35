#pragma once
// The safetensors file format (https://github.com/huggingface/safetensors): 8 bytes of little-endian header length, a
// JSON header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {…}}, then the tensors' bytes. Loading runs
// no code. Everything in a file is checked before it is used: a truncated, foreign or hostile file is an Error that
// names the file and the place.
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

/// The metadata's key of a checksum over everything else, and what stands there in a file that is not finished, which
/// is read without comparing.
inline constexpr const char* kChecksumKey = "limbeck.checksum";
inline constexpr const char* kUnfinished = "00000000000000000000000000000000";

/// Bytes per element of a dtype; 0 for an unknown one.
size_t element_size(std::string_view dtype);

SafetensorsFile read_safetensors(const fs::path& path);

/// The same for content that lies in memory already, such as a mapped file's (core/mapped_file.h); the tensors' bytes
/// point into it, and `path` is for messages.
struct SafetensorsView {
  std::map<std::string, RawTensor> tensors;
  std::map<std::string, std::string> metadata;
};
SafetensorsView parse_safetensors(const fs::path& path, std::string_view content);

/// What stands before the tensors' bytes, which follow in the order of their names: for files that are written piece by
/// piece. Of the tensors only dtype and shape are read. Headers that differ in the checksum alone have equal lengths,
/// so that one can be written in the place of the other once the bytes are known; `at_least`: padded to so many bytes,
/// a multiple of 8.
std::string safetensors_header(const std::map<std::string, RawTensor>& tensors,
                               const std::map<std::string, std::string>& metadata, const std::string& checksum,
                               size_t at_least = 0);
/// What read_safetensors verifies: 32 hexadecimal digits over names, dtypes, shapes, metadata and bytes.
std::string safetensors_checksum(const std::map<std::string, RawTensor>& tensors,
                                 const std::map<std::string, std::string>& metadata);

/// Writes atomically, tensors in the order of their names, the header padded to a multiple of 8. A checksum over names,
/// shapes, metadata and bytes goes into the metadata; read_safetensors verifies it where there is one.
void write_safetensors(const fs::path& path, const std::map<std::string, RawTensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace limbeck
