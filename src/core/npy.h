#pragma once
// NumPy's .npy format for one array (numpy.lib.format, versions 1 to 3): the bytes "\x93NUMPY", two version bytes, the
// header length (2 bytes in version 1, otherwise 4), the header (a Python dictionary literal), then the elements. All
// input is validated before use: a truncated, foreign or malicious file throws Error with the file's name and the
// position.
//
//   NpyArray array = read_npy("z.npy");   // numpy.save("z.npy", numpy.zeros((3, 4), "float32"))
//   array.dtype;                          // "F32"
//   array.shape;                          // {3, 4}
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct NpyArray {
  std::string dtype;           ///< as in safetensors: "F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8" or "BOOL"
  std::vector<int64_t> shape;  ///< empty for a scalar
  std::string bytes;           ///< row-major, little-endian
};

/// Reads an array; one in Fortran order is converted to row-major order.
NpyArray read_npy(const fs::path& path);
/// Same, from the content of a file; `name` is used in error messages.
NpyArray parse_npy(std::string_view content, const std::string& name);

/// Writes version 1.0, atomically, with the elements aligned to 64 bytes. Throws Error if the dtype is none of the
/// above or the number of bytes does not match the shape.
void write_npy(const fs::path& path, std::string_view dtype, const std::vector<int64_t>& shape, std::string_view bytes);

}  // namespace limbeck
