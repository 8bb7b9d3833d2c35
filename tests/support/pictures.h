#pragma once
// Small JPEG and PNG files, made by the libraries' encoders.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <jpeglib.h>
#include <spng.h>

namespace limbeck {

/// Something to look at: slopes, and a disc. [height, width, channels]
inline std::vector<uint8_t> scene(int height, int width, int channels) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        const int dy = 2 * y - height, dx = 2 * x - width;
        const bool inside = dy * dy + dx * dx < height * width / 2;
        pixels.push_back(
            static_cast<uint8_t>(inside ? 40 + 70 * c : (x * 255 / width + y * 90 / height + 50 * c) % 256));
      }
  return pixels;
}

struct PngKind {
  uint8_t color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  uint8_t bit_depth = 8;
  bool interlaced = false;
};

/// `pixels` as the format wants them: packed for less than 8 bits, big-endian for 16. An indexed picture gets a palette
/// of greens.
inline std::string png_bytes(int height, int width, const std::vector<uint8_t>& pixels, const PngKind& kind = {}) {
  spng_ctx* context = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{
      .width = static_cast<uint32_t>(width),
      .height = static_cast<uint32_t>(height),
      .bit_depth = kind.bit_depth,
      .color_type = kind.color_type,
      .compression_method = 0,
      .filter_method = 0,
      .interlace_method = static_cast<uint8_t>(kind.interlaced ? SPNG_INTERLACE_ADAM7 : SPNG_INTERLACE_NONE)};
  spng_set_ihdr(context, &header);
  if (kind.color_type == SPNG_COLOR_TYPE_INDEXED) {
    spng_plte palette{};
    palette.n_entries = 256;
    for (int i = 0; i < 256; ++i)
      palette.entries[i] = {.red = 7, .green = static_cast<uint8_t>(i), .blue = 9, .alpha = 255};
    spng_set_plte(context, &palette);
  }
  int code = spng_encode_image(context, pixels.data(), pixels.size(), SPNG_FMT_RAW, SPNG_ENCODE_FINALIZE);
  size_t size = 0;
  void* buffer = code == 0 ? spng_get_png_buffer(context, &size, &code) : nullptr;
  const std::string bytes = buffer == nullptr ? "" : std::string(static_cast<const char*>(buffer), size);
  std::free(buffer);
  spng_ctx_free(context);
  if (code != 0) throw std::runtime_error(spng_strerror(code));
  return bytes;
}

struct JpegKind {
  J_COLOR_SPACE space = JCS_RGB;  ///< of the pixels; JCS_CMYK is stored as YCCK, as Adobe does
  int quality = 90;
  bool progressive = false;
};

inline std::string jpeg_bytes(int height, int width, const std::vector<uint8_t>& pixels, const JpegKind& kind = {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_height = static_cast<JDIMENSION>(height);
  info.image_width = static_cast<JDIMENSION>(width);
  info.input_components = kind.space == JCS_GRAYSCALE ? 1 : kind.space == JCS_CMYK ? 4 : 3;
  info.in_color_space = kind.space;
  jpeg_set_defaults(&info);
  if (kind.space == JCS_CMYK) jpeg_set_colorspace(&info, JCS_YCCK);
  jpeg_set_quality(&info, kind.quality, TRUE);
  if (kind.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < height; ++y) {
    auto* row = const_cast<uint8_t*>(pixels.data()) + y * width * info.input_components;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  const std::string bytes(reinterpret_cast<const char*>(buffer), size);
  jpeg_destroy_compress(&info);
  std::free(buffer);
  return bytes;
}

}  // namespace limbeck
