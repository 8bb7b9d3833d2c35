#include "data/gzip.h"

#include <zlib.h>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream, kGzip) != Z_OK) throw Error("zlib cannot be initialised");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream stream{};
};

bool is_gzip(const std::string& bytes) { return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b'; }

}  // namespace

std::string read_maybe_gzip(const fs::path& path, size_t limit) {
  std::string packed = read_file(path);
  return is_gzip(packed) ? unpack_gzip(packed, path.string(), limit) : packed;
}

std::string unpack_gzip(std::string_view packed, const std::string& name, size_t limit) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string content, piece(1 << 20, '\0');
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    content.append(piece.data(), piece.size() - stream.avail_out);
    const size_t offset = packed.size() - stream.avail_in;
    if (content.size() > limit)
      throw Error(fmt::format("'{}' unpacks to more than {} bytes (at offset {})", name, limit, offset));
    if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0))
      throw Error(fmt::format("'{}' is truncated: the gzip stream ends at offset {}", name, offset));
    if (status != Z_OK && status != Z_STREAM_END)
      throw Error(fmt::format("'{}' is damaged: {} at offset {}", name,
                              stream.msg == nullptr ? "bad gzip data" : stream.msg, offset));
  }
  if (stream.avail_in > 0)
    throw Error(fmt::format("'{}' has {} bytes after the end of its gzip stream at offset {}", name,
                            stream.avail_in, packed.size() - stream.avail_in));
  return content;
}

void write_gzip(const fs::path& path, const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error("zlib cannot be initialised");
  std::string packed(deflateBound(&stream, content.size()) + 64, '\0');
  char comment[] = "limbeck";  // by which check_output knows the file
  gz_header header{};
  header.comment = reinterpret_cast<Bytef*>(comment);
  header.os = 3;
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
