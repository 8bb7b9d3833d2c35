#pragma once
// Decodes JPEG and PNG files (detected by content, not by name) and resizes them directly into the output buffer.
//
//   const std::vector<fs::path> files = image_files("holiday");        // one file, or a folder and those below it
//   const at::Tensor pixels = read_images(files, {.size = {32, 32}});  // [N, 3, 32, 32] uint8

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/files.h"
#include "data/images/image_decoder.h"
#include "data/images/resize.h"

namespace limbeck {

/// How much of a JPEG is decoded.
enum class JpegDetail {
  full,     ///< full size: the result is bit-identical to Pillow's
  reduced,  ///< 1/2, 1/4 or 1/8 of the size, as long as at least twice the target size is left: faster, and differs by
            ///< a few grey levels
};

struct ImageOptions {
  ImageSize size = {32, 32};  ///< output size, pixels
  ResizeMode resize = ResizeMode::crop;
  int64_t channels = 3;  ///< 3: red, green, blue; 1: luminance
  JpegDetail jpeg = JpegDetail::full;

  size_t bytes() const { return static_cast<size_t>(channels * size.height * size.width); }  ///< of one output image
};

/// Reads images one after the other and reuses its buffers. Not thread-safe: use one per thread.
class ImageReader {
 public:
  explicit ImageReader(const ImageOptions& options);

  /// Reads a file and writes pixels [channels, height, width]. Throws Error with the file's name, the problem and its
  /// offset.
  void read(const fs::path& file, uint8_t* pixels);
  /// Same for the content of a file; the error message starts with a verb instead of the file's name.
  void decode(std::string_view bytes, uint8_t* pixels);

 private:
  ImageOptions options_;
  std::unique_ptr<ImageDecoder> jpeg_, png_;
  Resizer resizer_;
  std::vector<char> content_;  ///< of the file
  std::vector<uint8_t> rows_;  ///< [16, width, 4]
};

/// An image that cannot be read: its index among the files, and the message.
struct UnreadableImage {
  size_t place = 0;
  std::string problem;
};

/// Called after each image with the number of images done; from any of the threads, one call at a time.
using ImageProgress = std::function<void(int64_t done, int64_t all)>;

/// Reads all files, using LibTorch's threads, and writes image i to pixels + i · options.bytes(). Returns the images
/// that cannot be read; their pixels are undefined. Throws Error of kind interrupted when a stop is requested.
std::vector<UnreadableImage> read_images(const std::vector<fs::path>& files, const ImageOptions& options,
                                         uint8_t* pixels, const ImageProgress& progress = {},
                                         const std::stop_token& stop = {});
/// Same, as a tensor [N, C, H, W] uint8. Throws one Error that lists the files that cannot be read.
at::Tensor read_images(const std::vector<fs::path>& files, const ImageOptions& options);

/// Estimates the size of the images from a sample: the size with the median number of pixels. Returns nullopt if none
/// can be read.
std::optional<ImageSize> usual_size(const std::vector<fs::path>& files);

/// "12 of 300 pictures cannot be read:" and the first 20 of them, a line each.
std::string describe(const std::vector<UnreadableImage>& unreadable, size_t of);

/// Returns whether a file name is that of a supported image: .jpg, .jpeg or .png, case-insensitive, and not hidden.
bool is_image_name(const fs::path& file);
/// Returns the image files of a folder and its subfolders, following links, sorted; or the one file. Appends images of
/// unsupported formats (.webp, .bmp, …) to `other_formats`. Throws Error if there is no supported image.
std::vector<fs::path> image_files(const fs::path& folder_or_file, std::vector<fs::path>* other_formats = nullptr);

}  // namespace limbeck
