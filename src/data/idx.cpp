#include "data/idx.h"

#include <zlib.h>

#include "core/error.h"
#include "data/gzip.h"

namespace limbeck {
namespace {

constexpr unsigned char kUnsignedByte = 8;
constexpr size_t kLargestFile = size_t{1} << 31;

uint32_t big_endian(const std::string& bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

std::string hexadecimal(const std::string& bytes, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += fmt::format("{}{:02x}", i == 0 ? "" : " ", static_cast<unsigned char>(bytes[i]));
  return text;
}

}  // namespace

IdxArray read_idx(const fs::path& path, size_t dimensions) {
  std::string content = read_maybe_gzip(path, kLargestFile);
  const std::string file = path.string();
  const size_t header = 4 + 4 * dimensions;
  if (content.empty()) throw Error(fmt::format("'{}' is empty; expected an IDX file", file));
  if (content.size() < 4)
    throw Error(fmt::format("'{}' is truncated: it has {} bytes, the IDX magic number takes 4", file, content.size()));
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(content[at]); };
  if (byte(0) != 0 || byte(1) != 0 || byte(2) != kUnsignedByte || byte(3) != dimensions)
    throw Error(fmt::format("'{}' has the wrong magic number {} at offset 0; expected 00 00 08 {:02x} (unsigned bytes, "
                            "{} dimension{})", file, hexadecimal(content, 4), dimensions, dimensions,
                            dimensions == 1 ? "" : "s"));
  if (content.size() < header)
    throw Error(fmt::format("'{}' is truncated: it has {} bytes, its header takes {}", file, content.size(), header));

  IdxArray array;
  uint64_t elements = 1;
  for (size_t i = 0; i < dimensions; ++i) {
    const uint32_t extent = big_endian(content, 4 + 4 * i);
    if (extent == 0 || extent > kLargestFile / elements)
      throw Error(fmt::format("'{}' has the extent {} in dimension {} at offset {}; expected from 1 to {}", file, extent,
                              i, 4 + 4 * i, kLargestFile / elements));
    array.shape.push_back(extent);
    elements *= extent;
  }
  const uint64_t expected = header + elements;
  if (content.size() < expected)
    throw Error(fmt::format("'{}' is truncated: it ends at offset {}, its header promises {} bytes", file, content.size(),
                            expected));
  if (content.size() > expected)
    throw Error(fmt::format("'{}' is too long: its header promises {} bytes, {} more follow at offset {}", file, expected,
                            content.size() - expected, expected));
  content.erase(0, header);
  array.bytes = std::move(content);
  return array;
}

std::vector<int64_t> idx_shape(const fs::path& path) {
  constexpr size_t kMostDimensions = 255;
  std::string header(4 + 4 * kMostDimensions, '\0');
  gzFile file = gzopen(path.c_str(), "rb");  // plain files too
  if (file == nullptr) return {};
  const int got = gzread(file, header.data(), static_cast<unsigned>(header.size()));
  gzclose(file);
  std::vector<int64_t> shape;
  for (int i = 0; got >= 4 && i < static_cast<unsigned char>(header[3]) && got >= 8 + 4 * i; ++i) shape.push_back(big_endian(header, 4 + 4 * static_cast<size_t>(i)));
  return shape;
}

void write_idx(const fs::path& path, const IdxArray& array) {
  std::string content = {0, 0, kUnsignedByte, static_cast<char>(array.shape.size())};
  for (const int64_t extent : array.shape)
    for (int shift = 24; shift >= 0; shift -= 8) content += static_cast<char>(extent >> shift & 0xff);
  content += array.bytes;
  write_gzip(path, content);
}

}  // namespace limbeck
