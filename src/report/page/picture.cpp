#include "report/page/picture.h"

#include <algorithm>
#include <string_view>

namespace limbeck {
namespace {
constexpr int64_t kLargestSide = 96;

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t here = std::min<size_t>(3, bytes.size() - at);
    uint32_t triple = 0;
    for (size_t i = 0; i < 3; ++i) triple = triple << 8 | (i < here ? static_cast<uint8_t>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) text += i <= here ? kDigits[triple >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

void append_little_endian(std::string& bytes, uint32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

/// The mean of the example's pixels that fall on one pixel of the smaller picture.
uint8_t averaged(const ReportedExample& example, int64_t channel, int64_t row, int64_t column, int64_t factor) {
  int64_t sum = 0, count = 0;
  for (int64_t y = row * factor; y < std::min((row + 1) * factor, example.height); ++y)
    for (int64_t x = column * factor; x < std::min((column + 1) * factor, example.width); ++x, ++count)
      sum += example.pixels[static_cast<size_t>((channel * example.height + y) * example.width + x)];
  return static_cast<uint8_t>(count > 0 ? sum / count : 0);
}

/// A bitmap of 24 bits a pixel: the one format that every browser shows and that needs no compression.
std::string bitmap(const ReportedExample& example) {
  const int64_t factor = (std::max(example.height, example.width) + kLargestSide - 1) / kLargestSide;
  const int64_t height = (example.height + factor - 1) / factor, width = (example.width + factor - 1) / factor;
  const int64_t padding = (4 - width * 3 % 4) % 4;
  constexpr uint32_t kHeaderSize = 54;
  const auto size = static_cast<uint32_t>(kHeaderSize + height * (width * 3 + padding));
  std::string bytes = "BM";
  append_little_endian(bytes, size, 4);
  append_little_endian(bytes, 0, 4);
  append_little_endian(bytes, kHeaderSize, 4);
  append_little_endian(bytes, 40, 4);  // size of the second header
  append_little_endian(bytes, static_cast<uint32_t>(width), 4);
  append_little_endian(bytes, static_cast<uint32_t>(height), 4);
  append_little_endian(bytes, 1, 2);   // planes
  append_little_endian(bytes, 24, 2);  // bits a pixel
  append_little_endian(bytes, 0, 4);   // not compressed
  append_little_endian(bytes, size - kHeaderSize, 4);
  for (int i = 0; i < 4; ++i) append_little_endian(bytes, 0, 4);
  for (int64_t row = height; row-- > 0;) {  // from the lowest row up, blue first
    for (int64_t column = 0; column < width; ++column)
      for (const int64_t colour : {2, 1, 0}) {
        const int64_t channel = example.channels == 3 ? colour : 0;
        bytes += static_cast<char>(averaged(example, channel, row, column, factor));
      }
    bytes.append(static_cast<size_t>(padding), '\0');
  }
  return bytes;
}

}  // namespace

std::string picture_address(const ReportedExample& example) {
  if (example.pixels.empty()) return "";
  return "data:image/bmp;base64," + base64(bitmap(example));
}

}  // namespace limbeck
