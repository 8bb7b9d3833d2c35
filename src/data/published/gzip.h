#pragma once
// Reads files that are plain or gzip-compressed, and writes gzip files.
//
//   UnpackedFile file("train-images-idx3-ubyte.gz");
//   const std::string header = file.read(16);             // decompresses only what is requested
//   const std::string pixels = file.read(60000 * 784);    // size from the header
//   file.count_rest(100);                                 // 0: that was all
#include <memory>
#include <string>
#include <string_view>

#include "core/files.h"

namespace limbeck {

/// Reads a file sequentially and decompresses it if it is gzip. Throws Error with the file's name and the offset for a
/// truncated or damaged stream, or for bytes after its end.
class UnpackedFile {
 public:
  explicit UnpackedFile(const fs::path& path);
  ~UnpackedFile();
  UnpackedFile(const UnpackedFile&) = delete;
  UnpackedFile& operator=(const UnpackedFile&) = delete;

  /// Returns the next `count` bytes, or fewer at the end of the content.
  std::string read(size_t count);
  /// Reads and discards up to `most` of the remaining bytes; returns their number.
  size_t count_rest(size_t most);

 private:
  class Stream;
  std::string content_;
  std::unique_ptr<Stream> stream_;
};

/// Decompresses one gzip stream in memory. Errors as above, with `name` in place of the file's name; also for more than
/// `limit` bytes.
std::string unpack_gzip(std::string_view packed, const std::string& name, size_t limit);

/// Writes `content` as gzip, atomically and without a timestamp, so that the file is reproducible.
void write_gzip(const fs::path& path, const std::string& content);

}  // namespace limbeck
