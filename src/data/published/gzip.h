#pragma once
// Files that may be gzip, checked to the last byte.
//
//   UnpackedFile file("train-images-idx3-ubyte.gz");
//   const std::string header = file.read(16);             // unpacks no more than is asked for
//   const std::string pixels = file.read(60000 * 784);    // as many as the header says
//   file.count_rest(100);                                 // 0: that was all
#include <memory>
#include <string>
#include <string_view>

#include "core/files.h"

namespace limbeck {

/// The content of a file, unpacked where it is gzip, read once from its begin to its end. A truncated or damaged
/// stream, or bytes after its end, are an Error that names the file and the offset in it.
class UnpackedFile {
 public:
  explicit UnpackedFile(const fs::path& path);
  ~UnpackedFile();
  UnpackedFile(const UnpackedFile&) = delete;
  UnpackedFile& operator=(const UnpackedFile&) = delete;

  /// The next bytes; fewer than `count` where the content ends before.
  std::string read(size_t count);
  /// How many bytes are left, at most `most`; they are read.
  size_t count_rest(size_t most);

 private:
  class Stream;
  std::string content_;
  std::unique_ptr<Stream> stream_;
};

/// The content of one gzip stream in memory; errors as above, with `name` for the file's, and for more than `limit`
/// bytes.
std::string unpack_gzip(std::string_view packed, const std::string& name, size_t limit);

/// Writes `content` as gzip, atomically and without a time stamp: equal content gives equal files.
void write_gzip(const fs::path& path, const std::string& content);

}  // namespace limbeck
