#pragma once
// Decodes JPEG and PNG files from memory, a few rows at a time. A malformed file throws Error with the problem and its
// offset. Since JPEG has no checksum, altered entropy-coded data is detected only if it cannot be decoded.
//
//   const std::unique_ptr<ImageDecoder> decoder = png_decoder();
//   decoder->open(bytes);
//   const ImageSize size = decoder->begin(1);
//   std::vector<uint8_t> rows(size.height * size.width * 4);
//   decoder->read_rows(rows.data(), size.height);
//   decoder->finish();
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace limbeck {

struct ImageSize {
  int64_t height = 0;  ///< pixels
  int64_t width = 0;

  bool operator==(const ImageSize&) const = default;
};

/// A file whose header declares more pixels is rejected before memory is allocated.
inline constexpr int64_t kMostPixels = 200'000'000;
/// Maximum width or height, which is JPEG's own limit; resizing needs memory for each row and column.
inline constexpr int64_t kLongestSide = 65'535;

/// Call open, begin, read_rows until the last row, then finish; then open may be called again. All functions throw
/// Error.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;
  /// Reads the header of a file and returns the image's size. `bytes` must stay valid until the last call for this
  /// file.
  virtual ImageSize open(std::string_view bytes) = 0;
  /// Starts decoding at 1/`reduction` of the size (1, 2, 4 or 8; rounded up) if the format supports it, otherwise at
  /// full size. Returns the size of the decoded image.
  virtual ImageSize begin(int64_t reduction) = 0;
  /// Reads the next rows, [count, width, 4]: red, green, blue, and an undefined byte. Gray is replicated to the three
  /// channels, alpha is dropped, CMYK is interpreted as Adobe writes it, and 16-bit values keep their upper 8 bits, all
  /// as in Pillow's convert("RGB") for JPEG and RGB files.
  virtual void read_rows(uint8_t* rows, int64_t count) = 0;
  /// Checks the rest of the file after the last row.
  virtual void finish() = 0;
};

/// libjpeg-turbo: baseline, progressive and arithmetic coding. The library's warnings about damaged data are errors
/// here.
std::unique_ptr<ImageDecoder> jpeg_decoder();
/// libspng: all colour types, bit depths and interlacing; verifies all checksums.
std::unique_ptr<ImageDecoder> png_decoder();

enum class ImageFormat { jpeg, png };
/// Detects the format from the first bytes. Throws Error for other formats, with their name if known.
ImageFormat image_format(std::string_view bytes);

}  // namespace limbeck
