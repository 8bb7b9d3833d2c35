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
  std::string bytes;  ///< unsigned bytes, as many as the shape says
};

/// Reads an IDX file, gzipped or plain, of unsigned bytes with the number of dimensions that is expected. Every way in
/// which a file can be wrong is an Error that names file and offset; nothing is read in part.
IdxArray read_idx(const fs::path& path, size_t dimensions);

/// The extents that a file's header gives, without the rest of the file; empty where it has none.
std::vector<int64_t> idx_shape(const fs::path& path);

/// Writes a gzipped IDX file atomically.
void write_idx(const fs::path& path, const IdxArray& array);

}  // namespace limbeck
