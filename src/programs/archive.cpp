#include "programs/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr std::string_view kLocalHeader = "PK\3\4", kDirectoryEntry = "PK\1\2", kDirectoryEnd = "PK\5\6",
                           kLocator64 = "PK\6\7", kDirectoryEnd64 = "PK\6\6";

uLong checksum_of(std::string_view bytes, uLong sum = 0) {
  return crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

/// Decompresses what DEFLATE compressed, gives it to `take` in pieces, and returns its checksum; nullopt where it does
/// not come to exactly `size` bytes.
template <class Take>
std::optional<uLong> inflated(std::string_view compressed, uint64_t size, const Take& take) {
  if (compressed.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::array<char, 1 << 16> buffer;
  uint64_t done = 0;
  uLong sum = 0;
  int state = Z_OK;
  while (state == Z_OK && done <= size) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    state = inflate(&stream, Z_NO_FLUSH);
    const size_t got = buffer.size() - stream.avail_out;
    sum = checksum_of({buffer.data(), got}, sum);
    take(std::string_view(buffer.data(), got));
    done += got;
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && done == size ? std::optional(sum) : std::nullopt;
}

/// Reads the directory and verifies every entry.
class ZipReader {
 public:
  ZipReader(std::string_view content, const std::string& file, const std::string& what)
      : content_(content), file_(file), what_(what) {}

  std::vector<ArchiveEntry> entries() const {
    const auto [count, first] = directory();
    std::vector<ArchiveEntry> all;
    uint64_t at = first;
    uint64_t held = 0;
    for (uint64_t i = 0; i < count; ++i) {
      at = read_entry(at, all);
      held += all.back().bytes.size();
      if (held > content_.size()) refuse("its entries lie upon each other");
    }
    return all;
  }

 private:
  struct Directory {
    uint64_t count = 0;
    uint64_t offset = 0;
  };

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(fmt::format("'{}' is no whole {}: {}; it is truncated or damaged", file_, what_, why));
  }

  std::string_view part(uint64_t at, uint64_t size, const char* what) const {
    if (at > content_.size() || size > content_.size() - at)
      refuse(fmt::format("{} at offset {} does not lie within its {} bytes", what, at, content_.size()));
    return content_.substr(at, size);
  }
  template <class Number>
  static uint64_t number(std::string_view bytes, size_t at) {
    Number value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);  // ZIP is little-endian, and so are we
    return value;
  }

  /// The end of the directory is searched from the file's end, since a comment of unknown length may follow it.
  Directory directory() const {
    constexpr size_t kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56;
    const size_t end = content_.rfind(kDirectoryEnd);
    if (end == std::string_view::npos || content_.size() - end < kEndSize) refuse("its directory is missing");
    const std::string_view bytes = content_.substr(end, kEndSize);
    Directory found{number<uint16_t>(bytes, 10), number<uint32_t>(bytes, 16)};
    if (found.count != 0xFFFF && found.offset != 0xFFFFFFFF) return found;
    if (end < kLocatorSize) refuse("its directory is missing");
    const std::string_view locator = content_.substr(end - kLocatorSize, kLocatorSize);
    if (!locator.starts_with(kLocator64)) refuse("its directory is missing");
    const std::string_view end64 = part(number<uint64_t>(locator, 8), kEnd64Size, "its directory");
    if (!end64.starts_with(kDirectoryEnd64)) refuse("its directory is missing");
    return {number<uint64_t>(end64, 32), number<uint64_t>(end64, 48)};
  }

  /// Appends the entry that the directory describes at this offset, and returns where the next one stands.
  uint64_t read_entry(uint64_t at, std::vector<ArchiveEntry>& entries) const {
    constexpr size_t kHeader = 46, kLocal = 30;
    constexpr uint64_t kIn64 = 0xFFFFFFFF;
    const std::string_view header = part(at, kHeader, "an entry of the directory");
    if (!header.starts_with(kDirectoryEntry))
      refuse(fmt::format("there is no entry of the directory at offset {}", at));
    const uint64_t name_size = number<uint16_t>(header, 28), extra_size = number<uint16_t>(header, 30);
    ArchiveEntry entry{.name = std::string(part(at + kHeader, name_size, "a name"))};
    const std::string_view extra = part(at + kHeader + name_size, extra_size, "an entry of the directory");
    uint64_t whole_size = number<uint32_t>(header, 24), size = number<uint32_t>(header, 20),
             offset = number<uint32_t>(header, 42);
    std::vector<uint64_t*> in64;
    for (uint64_t* value : {&whole_size, &size, &offset})
      if (*value == kIn64) in64.push_back(value);
    if (!in64.empty()) read_large(extra, in64);

    const std::string_view local = part(offset, kLocal, "an entry");
    if (!local.starts_with(kLocalHeader)) refuse(fmt::format("there is no entry at offset {}", offset));
    const uint64_t data = offset + kLocal + number<uint16_t>(local, 26) + number<uint16_t>(local, 28);
    const uint64_t method = number<uint16_t>(header, 10);
    const bool stored = method == 0;
    if (!stored && method != Z_DEFLATED)
      refuse(fmt::format("the entry '{}' is compressed by an unknown method", entry.name));
    if (stored && size != whole_size) refuse(fmt::format("the entry '{}' has two sizes", entry.name));
    entry.bytes = part(data, size, "an entry");
    entry.size = whole_size;
    entry.is_compressed = !stored;
    const std::optional<uLong> sum =
        stored ? checksum_of(entry.bytes) : inflated(entry.bytes, whole_size, [](std::string_view) {});
    if (sum != number<uint32_t>(header, 16))
      refuse(fmt::format("the checksum of '{}', bytes {} to {}, is wrong", entry.name, data, data + size));
    entries.push_back(std::move(entry));
    return at + kHeader + name_size + extra_size + number<uint16_t>(header, 32);
  }

  /// The numbers that need 64 bits stand one after the other in the extra field 1.
  void read_large(std::string_view extra, const std::vector<uint64_t*>& values) const {
    while (extra.size() >= 4) {
      const uint64_t id = number<uint16_t>(extra, 0), size = number<uint16_t>(extra, 2);
      if (size > extra.size() - 4) break;
      if (id == 1 && size >= 8 * values.size()) {
        for (size_t i = 0; i < values.size(); ++i) *values[i] = number<uint64_t>(extra, 4 + 8 * i);
        return;
      }
      extra.remove_prefix(4 + size);
    }
    refuse("an entry of the directory has no size");
  }

  std::string_view content_;
  const std::string& file_;
  const std::string& what_;
};

}  // namespace

Archive::Archive(std::string_view content, std::string file, std::string what)
    : file_(std::move(file)), what_(std::move(what)), entries_(ZipReader(content, file_, what_).entries()) {}

const ArchiveEntry* Archive::find(std::string_view name) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const ArchiveEntry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

const ArchiveEntry& Archive::at(std::string_view name) const {
  const ArchiveEntry* entry = find(name);
  if (entry == nullptr) throw Error(fmt::format("'{}' has no entry '{}'", file_, name));
  return *entry;
}

std::string Archive::text(std::string_view name, uint64_t most) const {
  const ArchiveEntry& entry = at(name);
  if (entry.size > most)
    throw Error(fmt::format("the entry '{}' of '{}' has {} bytes; at most {} are read", name, file_, entry.size, most));
  if (!entry.is_compressed) return std::string(entry.bytes);
  std::string text;
  inflated(entry.bytes, entry.size, [&](std::string_view piece) { text += piece; });
  return text;
}

std::string_view Archive::stored(std::string_view name) const {
  const ArchiveEntry& entry = at(name);
  if (entry.is_compressed) throw Error(fmt::format("the entry '{}' of '{}' is compressed", name, file_));
  return entry.bytes;
}

}  // namespace limbeck
