#pragma once
// Pictures from JPEG and PNG files, whatever their names, decoded and resized straight to where they are wanted.
//
//   const std::vector<fs::path> files = image_files("holiday");        // one file, or a folder and those below it
//   const at::Tensor pixels = read_images(files, {.size = {32, 32}});  // [N, 3, 32, 32] uint8

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "data/images/image_decoder.h"
#include "data/images/resize.h"

namespace limbeck {

/// How much of a JPEG is decoded.
enum class JpegDetail {
  full,     ///< everything: the result is Pillow's to the bit
  reduced,  ///< 1/2, 1/4 or 1/8 of the size where at least twice the target is left: faster, and within a few grey
            ///< levels
};

struct ImageOptions {
  ImageSize size = {32, 32};  ///< of the result, pixels
  ResizeMode resize = ResizeMode::crop;
  int64_t channels = 3;  ///< 3: red, green, blue; 1: luminance
  JpegDetail jpeg = JpegDetail::full;

  size_t bytes() const { return static_cast<size_t>(channels * size.height * size.width); }  ///< of one result
};

/// Reads one picture after the other and keeps its memory between them; one for each thread.
class ImageReader {
 public:
  explicit ImageReader(const ImageOptions& options);

  /// Writes [channels, height, width]. Throws Error that names the file, says what is wrong, and where.
  void read(const fs::path& file, uint8_t* pixels);
  /// The same for the bytes of a file; the message begins with a verb.
  void decode(std::string_view bytes, uint8_t* pixels);

 private:
  ImageOptions options_;
  std::unique_ptr<ImageDecoder> jpeg_, png_;
  Resizer resizer_;
  std::vector<char> content_;  ///< of the file
  std::vector<uint8_t> rows_;  ///< [16, width, 4]
};

/// A picture that cannot be read: its place among the files, and the message.
struct UnreadableImage {
  size_t place = 0;
  std::string problem;
};

/// Called after each picture with the number of those that are done, from any of the threads, one at a time.
using ImageProgress = std::function<void(int64_t done, int64_t all)>;

/// Reads all files with as many threads as LibTorch was given; picture i goes to pixels + i · options.bytes(). Returns
/// those that cannot be read, whose places hold anything. Throws Error of kind interrupted where a signal asked to
/// stop.
std::vector<UnreadableImage> read_images(const std::vector<fs::path>& files, const ImageOptions& options,
                                         uint8_t* pixels, const ImageProgress& progress = {});
/// The same as a tensor [N, C, H, W] uint8; one Error names all files that cannot be read.
at::Tensor read_images(const std::vector<fs::path>& files, const ImageOptions& options);

/// The size of the pictures, by a few of them: the middle one by its pixels. Nothing where none can be read.
std::optional<ImageSize> usual_size(const std::vector<fs::path>& files);

/// "12 of 300 pictures cannot be read:" and the first 20 of them, a line each.
std::string describe(const std::vector<UnreadableImage>& unreadable, size_t of);

/// Whether a file's name says that it is a picture that can be read: .jpg, .jpeg or .png, in any case, and not hidden.
bool is_image_name(const fs::path& file);
/// The picture files of a folder and of the folders below it, through links too, sorted; or the one file. Pictures of
/// formats that cannot be read (.webp, .bmp, …) are appended to `other_formats`. Throws Error where there are none that
/// can.
std::vector<fs::path> image_files(const fs::path& folder_or_file, std::vector<fs::path>* other_formats = nullptr);

}  // namespace limbeck
