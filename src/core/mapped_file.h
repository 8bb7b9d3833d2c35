#pragma once
// A memory-mapped file, read and written as memory; may be larger than memory, since the system's page cache is the
// only copy.
//
//   MappedFile file = MappedFile::create("pixels.part", size_t{1} << 30);   // 2^30 zero bytes
//   std::memcpy(file.data(), pixels, count);
//   file.flush();                                                            // on disk once it returns
//   const MappedFile same = MappedFile::open("pixels.part");
//   Hasher().add(same.bytes());
//
// The file must keep its size while it is mapped: if another program truncates it, an access is a bus error.
#include <cstddef>
#include <string_view>
#include <utility>

#include "core/files.h"

namespace limbeck {

class MappedFile {
 public:
  enum class Access { read, write };

  /// Creates a file of `bytes` > 0 zeros, replacing an existing one, for reading and writing. Reserves its disk space:
  /// a full disk is an Error here, not a crash later. Does not create missing folders.
  static MappedFile create(const fs::path& path, size_t bytes);
  /// Maps an existing file; with Access::read, writing to it crashes. Throws Error with the file's name and the reason.
  static MappedFile open(const fs::path& path, Access access = Access::read);

  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~MappedFile();

  /// Start of the mapping; nullptr for an empty file.
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(data_), size_}; }

  /// Writes all changes to the disk; returns when they are there.
  void flush();

 private:
  MappedFile() = default;
  void swap(MappedFile& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(path_, other.path_);
  }

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  fs::path path_;
};

}  // namespace limbeck
