#include "data/published/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr size_t kPiece = 1 << 20;
constexpr size_t kLargestPacked = std::numeric_limits<uInt>::max();  // zlib's counters
constexpr size_t kHighestRatio = 1032;  // deflate's: no stream unpacks to more times its size

bool is_gzip(const std::string& bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

}  // namespace

/// One gzip stream in memory, unpacked as far as it is asked for.
class GzipStream {
 public:
  GzipStream(std::string_view packed, std::string name) : packed_(packed), name_(std::move(name)) {
    if (inflateInit2(&stream_, kGzip) != Z_OK) throw Error("zlib cannot be initialized");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
  }
  ~GzipStream() { inflateEnd(&stream_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  size_t offset() const { return packed_.size() - stream_.avail_in; }

  /// The next bytes; fewer where the stream ends before.
  std::string read(size_t count) {
    std::string content;
    content.reserve(std::min(count, kHighestRatio * packed_.size()));
    std::string piece(std::min(count, kPiece), '\0');
    while (content.size() < count && !ended_) {
      const size_t got = inflate_some(piece.data(), std::min(piece.size(), count - content.size()));
      content.append(piece.data(), got);
    }
    return content;
  }

 private:
  size_t inflate_some(char* bytes, size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(bytes);
    stream_.avail_out = static_cast<uInt>(size);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_BUF_ERROR || (status == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0))
      throw Error(fmt::format("'{}' is truncated: the gzip stream ends at offset {}", name_, offset()));
    if (status != Z_OK && status != Z_STREAM_END)
      throw Error(fmt::format("'{}' is damaged: {} at offset {}", name_,
                              stream_.msg == nullptr ? "bad gzip data" : stream_.msg, offset()));
    ended_ = status == Z_STREAM_END;
    if (ended_ && stream_.avail_in > 0)
      throw Error(fmt::format("'{}' has {} bytes after the end of its gzip stream at offset {}", name_,
                              stream_.avail_in, offset()));
    return size - stream_.avail_out;
  }

  std::string_view packed_;
  std::string name_;
  z_stream stream_{};
  bool ended_ = false;
};

/// Of a file that is not packed, the place in it.
class UnpackedFile::Stream {
 public:
  Stream(const std::string& content, const fs::path& path) : content_(content) {
    if (is_gzip(content)) packed_ = std::make_unique<GzipStream>(content, path.string());
  }
  std::string read(size_t count) {
    if (packed_) return packed_->read(count);
    std::string bytes = content_.substr(place_, count);
    place_ += bytes.size();
    return bytes;
  }

 private:
  const std::string& content_;
  std::unique_ptr<GzipStream> packed_;
  size_t place_ = 0;
};

UnpackedFile::UnpackedFile(const fs::path& path)
    : content_(read_file(path, kLargestPacked)), stream_(std::make_unique<Stream>(content_, path)) {}
UnpackedFile::~UnpackedFile() = default;

std::string UnpackedFile::read(size_t count) {
  return stream_->read(count);
}

size_t UnpackedFile::count_rest(size_t most) {
  size_t counted = 0;
  while (counted < most) {
    const size_t got = read(std::min(most - counted, kPiece)).size();
    if (got == 0) break;
    counted += got;
  }
  return counted;
}

std::string unpack_gzip(std::string_view packed, const std::string& name, size_t limit) {
  GzipStream stream(packed, name);
  std::string content = stream.read(limit + 1);
  if (content.size() > limit)
    throw Error(fmt::format("'{}' unpacks to more than {} bytes (at offset {})", name, limit, stream.offset()));
  return content;
}

void write_gzip(const fs::path& path, const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error("zlib cannot be initialized");
  std::string packed(deflateBound(&stream, content.size()) + 64, '\0');
  char comment[] = "limbeck";  // by which check_output knows the file
  gz_header header{};
  header.comment = reinterpret_cast<Bytef*>(comment);
  header.os = 3;
  header.hcrc = 1;  // the comment is checked as the rest is
  deflateSetHeader(&stream, &header);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw Error(fmt::format("'{}' cannot be packed", path.string()));
  write_file(path, packed);
}

}  // namespace limbeck
