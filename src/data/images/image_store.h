#pragma once
// Decoded pictures as one tensor: in memory, or in a safetensors file that is mapped, for sets larger than memory and
// to decode only once.
//
// The file holds `pictures` [M, C, H, W] U8 and `present` [L] U8, 1 for each of the L files that could be read. It is
// made beside and renamed, and used again while the fingerprint in its metadata matches.

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/images/image_reader.h"

namespace limbeck {

/// What is done about pictures that cannot be read.
enum class UnreadableImages {
  fail,  ///< one Error names them
  skip,  ///< they are left out
};

struct ImageRequest {
  std::vector<fs::path> files;  ///< L
  ImageOptions options;
  UnreadableImages unreadable = UnreadableImages::fail;
  ImageProgress progress;
};

struct DecodedImages {
  at::Tensor pixels;                        ///< [M, C, H, W] uint8: the pictures that could be read, in their order
  std::vector<UnreadableImage> unreadable;  ///< L − M, by place
  bool reused = false;                      ///< they were in the file already
};

/// Throws Error where they need more memory than the machine has.
DecodedImages decode_images(const ImageRequest& request);

/// `fingerprint`: of the files; that of the options is added. The tensor is read from the disk as it is used and may
/// not be written. Throws Error where `store` exists and is something else, or is damaged.
DecodedImages decode_images(const ImageRequest& request, const fs::path& store, const std::string& fingerprint);

}  // namespace limbeck
