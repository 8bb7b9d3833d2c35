#pragma once
// Pictures from the bytes of JPEG and PNG files, a few rows at a time. Everything that is wrong with a file is an Error
// that says what, and at which offset; that a JPEG's entropy-coded data were altered shows only where they no longer
// make sense, for the format has no checksum.
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

/// A file whose header promises more pixels is refused before memory is taken for them.
inline constexpr int64_t kMostPixels = 200'000'000;
/// The longest side that is decoded, JPEG's own limit: what is resized needs memory for each row and column.
inline constexpr int64_t kLongestSide = 65'535;

/// Each call belongs to the one before: open, begin, read_rows until the last row, finish; then open again. All throw
/// Error.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;
  /// Reads the header of a file; `bytes` must stay until the last call for it. Returns the picture's size.
  virtual ImageSize open(std::string_view bytes) = 0;
  /// Begins to decode at 1/`reduction` of the size (1, 2, 4 or 8; rounded up), where the format can; otherwise at the
  /// whole. Returns the size of what is going to be read.
  virtual ImageSize begin(int64_t reduction) = 0;
  /// The next rows, [count, width, 4]: red, green, blue, and a byte without meaning. Gray becomes equal parts;
  /// transparency is dropped; CMYK is taken as Adobe writes it, and 16 bits are cut to the upper 8, all as Pillow's
  /// convert("RGB") does with JPEG and RGB files.
  virtual void read_rows(uint8_t* rows, int64_t count) = 0;
  /// Checks what follows the last row.
  virtual void finish() = 0;
};

/// libjpeg-turbo: baseline, progressive and arithmetic coding. A warning of the library about damaged data is an error
/// here.
std::unique_ptr<ImageDecoder> jpeg_decoder();
/// libspng: all colour types, depths and interlacing, with all checksums verified.
std::unique_ptr<ImageDecoder> png_decoder();

enum class ImageFormat { jpeg, png };
/// By the first bytes. Throws Error where they are of neither format; names the format where it is another known one.
ImageFormat image_format(std::string_view bytes);

}  // namespace limbeck
