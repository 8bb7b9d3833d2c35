#pragma once
// The safetensors file format (https://github.com/huggingface/safetensors): 8 bytes of little-endian header length, a
// JSON header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {…}}, then the tensors' bytes. Loading runs
// no code. All input is validated before use: a truncated, foreign or malicious file throws Error with the file's name
// and the position.
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

/// A file in memory. The tensors' bytes point into `content`, which stays in place when the struct is moved.
struct SafetensorsFile {
  std::unique_ptr<const std::string> content;
  std::map<std::string, RawTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Metadata key of the checksum over everything else, and its placeholder value in an unfinished file, which is read
/// without verification.
inline constexpr const char* kChecksumKey = "limbeck.checksum";
inline constexpr const char* kUnfinished = "00000000000000000000000000000000";

/// Bytes per element of a dtype; 0 for an unknown one.
size_t element_size(std::string_view dtype);

SafetensorsFile read_safetensors(const fs::path& path);

/// Same for content that is already in memory, such as a mapped file (core/mapped_file.h). The tensors' bytes point
/// into `content`; `path` is used in error messages.
struct SafetensorsView {
  std::map<std::string, RawTensor> tensors;
  std::map<std::string, std::string> metadata;
};
/// Whether a checksum is verified, which reads all of the content, or only the header is read.
enum class Verify { no, yes };
SafetensorsView parse_safetensors(const fs::path& path, std::string_view content, Verify verify = Verify::yes);

/// Returns the header (length and JSON) of a file with these tensors, whose bytes follow in the order of their names:
/// for files that are written piece by piece. Reads only dtype and shape of the tensors. Headers that differ only in
/// the checksum have equal lengths, so that the final one can overwrite the first once the bytes are known. `at_least`:
/// minimum size in bytes, a multiple of 8.
std::string safetensors_header(const std::map<std::string, RawTensor>& tensors,
                               const std::map<std::string, std::string>& metadata, const std::string& checksum,
                               size_t at_least = 0);
/// Returns the checksum that read_safetensors verifies: 32 hexadecimal digits over names, dtypes, shapes, metadata and
/// bytes.
std::string safetensors_checksum(const std::map<std::string, RawTensor>& tensors,
                                 const std::map<std::string, std::string>& metadata);

/// Writes atomically, with tensors in the order of their names and the header padded to a multiple of 8 bytes. Stores
/// safetensors_checksum in the metadata; read_safetensors verifies it if present.
void write_safetensors(const fs::path& path, const std::map<std::string, RawTensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace limbeck
