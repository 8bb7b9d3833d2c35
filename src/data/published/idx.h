#pragma once
// The IDX format of MNIST (http://yann.lecun.com/exdb/mnist): two zero bytes, a type byte (8: unsigned byte), the
// number of dimensions, the extents as big-endian 32-bit integers, then the elements, row-major.
#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct IdxArray {
  std::vector<int64_t> shape;
  std::string bytes;  ///< unsigned bytes, row-major
};

/// Reads an IDX file of unsigned bytes, gzipped or plain, with the expected number of dimensions. Throws Error with the
/// file's name and the offset for any malformed file.
IdxArray read_idx(const fs::path& path, size_t dimensions);

/// Reads only the shape in a file's header, without validating the file; empty if it cannot be read.
std::vector<int64_t> idx_shape(const fs::path& path);

/// Writes a gzipped IDX file atomically.
void write_idx(const fs::path& path, const IdxArray& array);

}  // namespace limbeck
