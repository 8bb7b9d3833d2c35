#pragma once
// NumPy's file format for one array (numpy.lib.format, versions 1 to 3): the bytes "\x93NUMPY", two of version, the
// length of the header (2 bytes in version 1, else 4), the header, which is a Python dictionary as text, then the
// elements. Everything in a file is checked before it is used: a truncated, foreign or hostile file is an Error that
// names the file and the place.
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

/// An array that was stored in Fortran order is given in row-major order.
NpyArray read_npy(const fs::path& path);
/// The same from a file's content; `name` stands for it in messages.
NpyArray parse_npy(std::string_view content, const std::string& name);

/// Writes version 1.0, atomically; its elements begin at a multiple of 64 bytes. Throws Error where the dtype is none
/// of the above or the bytes are not those of the shape.
void write_npy(const fs::path& path, std::string_view dtype, const std::vector<int64_t>& shape, std::string_view bytes);

}  // namespace limbeck
