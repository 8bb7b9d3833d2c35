#include "programs/torchscript_file.h"

#include <zlib.h>

#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/file_format.h"

namespace limbeck {
namespace {

constexpr std::string_view kLocalHeader = "PK\3\4", kDirectoryEntry = "PK\1\2", kDirectoryEnd = "PK\5\6",
                           kLocator64 = "PK\6\7", kDirectoryEnd64 = "PK\6\6";

/// One file in the archive. PyTorch stores weights and constants as they are and compresses code; compressed ones have
/// no bytes here.
struct ZipEntry {
  std::string name;
  std::string_view bytes;
};

uLong checksum_of(std::string_view bytes, uLong sum = 0) {
  return crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

/// The checksum of what was compressed by DEFLATE; nullopt where that does not come to exactly `size` bytes.
std::optional<uLong> inflated_checksum(std::string_view compressed, uint64_t size) {
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
    done += got;
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && done == size ? std::optional(sum) : std::nullopt;
}

/// Reads the directory of a ZIP archive (PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3) and verifies every entry.
class ZipReader {
 public:
  ZipReader(std::string_view content, const fs::path& path) : content_(content), path_(path) {}

  std::vector<ZipEntry> entries() const {
    const auto [count, first] = directory();
    std::vector<ZipEntry> all;
    uint64_t at = first;
    for (uint64_t i = 0; i < count; ++i) at = read_entry(at, all);
    return all;
  }

 private:
  struct Directory {
    uint64_t count = 0;
    uint64_t offset = 0;
  };

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(fmt::format("'{}' is no whole TorchScript file: {}; it is truncated or damaged", path_.string(), why));
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
  uint64_t read_entry(uint64_t at, std::vector<ZipEntry>& entries) const {
    constexpr size_t kHeader = 46, kLocal = 30;
    constexpr uint64_t kIn64 = 0xFFFFFFFF;
    const std::string_view header = part(at, kHeader, "an entry of the directory");
    if (!header.starts_with(kDirectoryEntry))
      refuse(fmt::format("there is no entry of the directory at offset {}", at));
    const uint64_t name_size = number<uint16_t>(header, 28), extra_size = number<uint16_t>(header, 30);
    ZipEntry entry{std::string(part(at + kHeader, name_size, "a name")), {}};
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
    const std::string_view bytes = part(data, size, "an entry");
    const std::optional<uLong> sum = stored ? checksum_of(bytes) : inflated_checksum(bytes, whole_size);
    if (sum != number<uint32_t>(header, 16))
      refuse(fmt::format("the checksum of '{}', bytes {} to {}, is wrong", entry.name, data, data + size));
    if (stored) entry.bytes = bytes;
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
  const fs::path& path_;
};

/// "archive/code/x.py" → "code/x.py": all entries lie in one folder, whose name does not matter.
std::string_view below_top(std::string_view name) {
  const size_t slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

bool looks_like_torchscript(const fs::path& path) {
  return format_of(path) == FileFormat::torchscript;
}

TorchScriptFile read_torchscript_file(const fs::path& path) {
  TorchScriptFile file{read_file(path), {}};
  if (const FileFormat format = format_of(std::string_view(file.content)); format != FileFormat::torchscript)
    throw Error(fmt::format("'{}' is no TorchScript file: it does not begin as torch.jit.save begins one{}",
                            path.string(),
                            format == FileFormat::other ? "" : fmt::format("; it is {}", to_text(format))));
  bool has_program = false, has_pickle = false;
  for (const ZipEntry& entry : ZipReader(file.content, path).entries()) {
    constexpr std::string_view kExtra = "extra/";
    const std::string_view name = below_top(entry.name);
    has_program |= name == "constants.pkl";
    has_pickle |= name == "data.pkl";
    if (name.starts_with(kExtra)) file.extra[std::string(name.substr(kExtra.size()))] = entry.bytes;
  }
  if (!has_program)
    throw Error(
        fmt::format("'{}' holds no TorchScript program{}; write it with torch.jit.save(torch.jit.script(model), …)",
                    path.string(), has_pickle ? ", but what torch.save wrote" : ""));
  return file;
}

}  // namespace limbeck
