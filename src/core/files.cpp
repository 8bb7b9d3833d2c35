#include "core/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/descriptor.h"
#include "core/error.h"
#include "core/unique_name.h"

namespace limbeck {
namespace {

std::string reason() {
  return std::strerror(errno);
}

void write_all(int descriptor, const void* bytes, size_t size, const fs::path& path) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(descriptor, at, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      throw Error(fmt::format("cannot write '{}': {}", path.string(), reason()));
    }
    at += written;
    size -= static_cast<size_t>(written);
  }
}

void make_parent(const fs::path& path) {
  const fs::path parent = path.parent_path();
  if (parent.empty()) return;
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) throw Error(fmt::format("cannot make the folder '{}': {}", parent.string(), error.message()));
}

}  // namespace

size_t physical_memory() {
  return static_cast<size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(::sysconf(_SC_PAGE_SIZE));
}

int open_regular_file(const fs::path& path, int flags) {
  const int descriptor =
      ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK);  // a pipe would wait for who writes to it
  if (descriptor < 0) throw Error(fmt::format("cannot read '{}': {}", path.string(), reason()));
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  if (known && S_ISREG(status.st_mode)) return descriptor;
  const std::string why = reason();
  ::close(descriptor);
  if (!known) throw Error(fmt::format("cannot read '{}': {}", path.string(), why));
  throw Error(fmt::format("'{}' is {}; expected a file", path.string(),
                          S_ISDIR(status.st_mode)    ? "a folder"
                          : S_ISFIFO(status.st_mode) ? "a pipe"
                                                     : "a device"));
}

void check_regular_file(const fs::path& path) {
  ::close(open_regular_file(path, O_RDONLY));
}

std::string read_file(const fs::path& path, size_t most) {
  const Descriptor file(open_regular_file(path, O_RDONLY));
  std::string content;
  struct stat status {};
  const auto size = ::fstat(file.get(), &status) == 0 ? static_cast<size_t>(status.st_size) : 0;
  const auto check = [&](size_t bytes) {
    if (bytes > most)
      throw Error(fmt::format("'{}' has {} bytes or more; expected at most {}", path.string(), bytes, most));
  };
  check(size);
  content.reserve(size);
  std::string buffer(1 << 20, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) return content;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw Error(fmt::format("cannot read '{}': {}", path.string(), reason()));
    }
    content.append(buffer.data(), static_cast<size_t>(got));
    check(content.size());
  }
}

void write_file(const fs::path& path, const std::function<void(const ByteSink&)>& write) {
  make_parent(path);
  const fs::path beside = unique_part(path);
  try {
    Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) throw Error(fmt::format("cannot write '{}': {}", path.string(), reason()));
    write([&](const void* bytes, size_t size) { write_all(file.get(), bytes, size, path); });
    if (::fsync(file.get()) != 0 || file.close() != 0)
      throw Error(fmt::format("cannot write '{}': {}", path.string(), reason()));
    if (::rename(beside.c_str(), path.c_str()) != 0)
      throw Error(fmt::format("cannot write '{}': {}", path.string(), reason()));
  } catch (...) {
    ::unlink(beside.c_str());
    throw;
  }
}

void write_file(const fs::path& path, std::string_view content) {
  write_file(path, [&](const ByteSink& sink) { sink(content.data(), content.size()); });
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw Error(fmt::format("cannot remove '{}': {}", path.string(), error.message()));
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

void make_writable_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the folder '{}': {}", folder.string(), error.message()));
  if (!fs::is_directory(folder)) throw Error(fmt::format("'{}' is a file; expected a folder", folder.string()));
  const fs::path probe = unique_part(folder / ".write_probe");
  const Descriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) throw Error(fmt::format("cannot write in the folder '{}': {}", folder.string(), reason()));
  ::unlink(probe.c_str());
}

void append_line(const fs::path& path, std::string_view line) {
  append_bytes(path, std::string(line) + '\n');
}

void append_bytes(const fs::path& path, std::string_view bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (file.get() < 0) throw Error(fmt::format("cannot write '{}': {}", path.string(), reason()));
  write_all(file.get(), bytes.data(), bytes.size(), path);
}

FileLock::FileLock(const fs::path& file)
    : file_(file), descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw Error(fmt::format("cannot write '{}': {}", file.string(), reason()));
  struct stat held {
  }, there{};
  const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  is_supported_ = locked || errno == EWOULDBLOCK || errno == EINTR;
  acquired_ = locked && ::fstat(descriptor_, &held) == 0 && ::stat(file.c_str(), &there) == 0 &&
              held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

void FileLock::write(std::string_view content) const {
  if (::ftruncate(descriptor_, 0) == 0) write_all(descriptor_, content.data(), content.size(), file_);
}

}  // namespace limbeck
