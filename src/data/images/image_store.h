#pragma once
// Decoded images as one tensor: in memory, or in a memory-mapped safetensors file, for data sets larger than memory and
// to decode only once.
//
// The file holds `pictures` [M, C, H, W] U8 and `present` [L] U8, 1 for each of the L files that could be read. It is
// written to a temporary file, renamed, and reused as long as the fingerprint in its metadata matches.

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/images/image_reader.h"

namespace limbeck {

/// What to do about images that cannot be read.
enum class UnreadableImages {
  fail,  ///< throw one Error that lists them
  skip,  ///< leave them out
};

struct ImageRequest {
  std::vector<fs::path> files;  ///< L
  ImageOptions options;
  UnreadableImages unreadable = UnreadableImages::fail;
  ImageProgress progress;
  std::stop_token stop = {};
};

struct DecodedImages {
  at::Tensor pixels;                        ///< [M, C, H, W] uint8: the images that could be read, in order
  std::vector<UnreadableImage> unreadable;  ///< L − M, sorted by index
  bool reused = false;                      ///< they were already in the file
};

/// Decodes into memory. Throws Error if the images need more memory than the machine has.
DecodedImages decode_images(const ImageRequest& request);

/// Decodes into the file `store`, or reuses it. `fingerprint`: of the files; that of the options is added. The returned
/// tensor is memory-mapped and read-only. Throws Error if `store` is another kind of file or is damaged.
DecodedImages decode_images(const ImageRequest& request, const fs::path& store, const std::string& fingerprint);

}  // namespace limbeck
