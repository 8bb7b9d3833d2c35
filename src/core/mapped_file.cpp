#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

[[noreturn]] void refuse(const char* what, const fs::path& path, int reason) {
  throw Error(fmt::format("cannot {} '{}': {}", what, path.string(), std::strerror(reason)));
}

/// Maps `size` > 0 bytes and closes the descriptor, which the mapping does not need.
std::byte* map_and_close(int descriptor, size_t size, int protection, const fs::path& path) {
  void* address = ::mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
  const int reason = errno;
  ::close(descriptor);
  if (address == MAP_FAILED) refuse("map", path, reason);
  return static_cast<std::byte*>(address);
}

/// Gives a new file its size and its place on the disk.
int reserve(int descriptor, size_t bytes) {
  int reason = EINTR;
  while (reason == EINTR) reason = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  return reason;
}

}  // namespace

MappedFile MappedFile::create(const fs::path& path, size_t bytes) {
  if (bytes == 0) throw Error(fmt::format("cannot map '{}': it would be empty", path.string()));
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) refuse("write", path, errno);
  if (const int reason = reserve(descriptor, bytes); reason != 0) {
    ::close(descriptor);
    ::unlink(path.c_str());
    refuse("write", path, reason);
  }
  MappedFile file;
  file.path_ = path;
  file.data_ = map_and_close(descriptor, bytes, PROT_READ | PROT_WRITE, path);
  file.size_ = bytes;
  return file;
}

MappedFile MappedFile::open(const fs::path& path, Access access) {
  const bool writable = access == Access::write;
  const int descriptor = open_regular_file(path, writable ? O_RDWR : O_RDONLY);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    const int reason = errno;
    ::close(descriptor);
    refuse("read", path, reason);
  }
  MappedFile file;
  file.path_ = path;
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0)
    ::close(descriptor);
  else
    file.data_ = map_and_close(descriptor, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, path);
  file.size_ = size;
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::flush() {
  if (data_ != nullptr && ::msync(data_, size_, MS_SYNC) != 0) refuse("write", path_, errno);
}

}  // namespace limbeck
