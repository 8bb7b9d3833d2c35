#include "data/published/idx.h"

#include <zlib.h>

#include "core/error.h"
#include "data/published/gzip.h"

namespace limbeck {
namespace {

constexpr unsigned char kUnsignedByte = 8;
constexpr size_t kLargestFile = size_t{1} << 31;
constexpr size_t kMostCounted = size_t{1} << 20;  // of what a file holds too much

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
  UnpackedFile content(path);
  const std::string file = path.string();
  const size_t header_size = 4 + 4 * dimensions;
  const std::string header = content.read(header_size);
  if (header.empty()) throw Error(fmt::format("'{}' is empty; expected an IDX file", file));
  if (header.size() < 4)
    throw Error(fmt::format("'{}' is truncated: it has {} bytes, the IDX magic number takes 4", file, header.size()));
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(header[at]); };
  if (byte(0) != 0 || byte(1) != 0 || byte(2) != kUnsignedByte || byte(3) != dimensions)
    throw Error(
        fmt::format("'{}' has the wrong magic number {} at offset 0; expected 00 00 08 {:02x} (unsigned bytes, "
                    "{} dimension{})",
                    file, hexadecimal(header, 4), dimensions, dimensions, dimensions == 1 ? "" : "s"));
  if (header.size() < header_size)
    throw Error(
        fmt::format("'{}' is truncated: it has {} bytes, its header takes {}", file, header.size(), header_size));

  IdxArray array;
  uint64_t elements = 1;
  for (size_t i = 0; i < dimensions; ++i) {
    const uint32_t extent = big_endian(header, 4 + 4 * i);
    if (extent == 0 || extent > kLargestFile / elements)
      throw Error(fmt::format("'{}' has the extent {} in dimension {} at offset {}; expected from 1 to {}", file,
                              extent, i, 4 + 4 * i, kLargestFile / elements));
    array.shape.push_back(extent);
    elements *= extent;
  }
  const uint64_t expected = header_size + elements;
  array.bytes = content.read(elements);
  if (array.bytes.size() < elements)
    throw Error(fmt::format("'{}' is truncated: it ends at offset {}, its header promises {} bytes", file,
                            header_size + array.bytes.size(), expected));
  if (const size_t more = content.count_rest(kMostCounted); more > 0)
    throw Error(fmt::format("'{}' is too long: its header promises {} bytes, {}{} more follow at offset {}", file,
                            expected, more == kMostCounted ? "at least " : "", more, expected));
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
  for (int i = 0; got >= 4 && i < static_cast<unsigned char>(header[3]) && got >= 8 + 4 * i; ++i)
    shape.push_back(big_endian(header, 4 + 4 * static_cast<size_t>(i)));
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
