#pragma once
// Files. They are read as a whole, and written to a temporary file that is then renamed, so that a reader never sees
// half a file and a crash loses nothing.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

namespace fs = std::filesystem;

/// The machine's memory in bytes: no larger file can be read as a whole.
size_t physical_memory();

/// The whole content of a regular file of at most so many bytes. Throws Error with the file's name and the reason; also
/// for a pipe or a device, which may never end.
std::string read_file(const fs::path& path, size_t most = physical_memory());

/// Opens a regular file with the flags of open(2); the caller closes it. Errors as above.
int open_regular_file(const fs::path& path, int flags);

/// Throws Error where the path names no regular file that can be read: for libraries that open files themselves.
void check_regular_file(const fs::path& path);

/// Writes `path` atomically: into a temporary file in the same folder, flushed to disk, then renamed. Missing folders
/// are made. If anything fails (no space, no permission), the old file is untouched and the temporary one is removed.
void write_file(const fs::path& path, std::string_view content);

/// The same for content that is produced in pieces: `write` is called with a sink that takes them in order.
using ByteSink = std::function<void(const void* bytes, size_t size)>;
void write_file(const fs::path& path, const std::function<void(const ByteSink&)>& write);

/// Removes a file; nothing where there is none. Throws Error with the system's reason.
void remove_file(const fs::path& path);

/// Whether the path is a folder that may be read.
bool is_folder(const fs::path& path);

/// Makes a folder and its parents, and checks that files can be written there. Throws Error that names it.
void make_writable_folder(const fs::path& folder);

/// Appends one line and flushes it: for logs, whose last line a crash may truncate.
void append_line(const fs::path& path, std::string_view line);
/// Appends bytes in one write, which a crash may truncate.
void append_bytes(const fs::path& path, std::string_view bytes);

/// An exclusive lock on a file until destroyed. The file's content does not matter; it is made if it is missing, and is
/// not removed. The holder may remove it; a process that had opened it before does not acquire the lock then, since no
/// other process would see it.
class FileLock {
 public:
  /// Throws Error where the file cannot be opened for writing.
  explicit FileLock(const fs::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  /// False if another process holds the lock.
  bool acquired() const { return acquired_; }
  /// Makes this the file's whole content.
  void write(std::string_view content) const;

 private:
  fs::path file_;
  int descriptor_ = -1;
  bool acquired_ = false;
};

/// An exclusive lock on a folder until destroyed. A second process gets an Error that says who holds it. If the lock
/// made the folder and nothing was written into it, the folder is removed again, and so are the parents that it made.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  fs::path folder_;
  std::vector<fs::path> made_;  ///< folders, from the innermost
  FileLock lock_;
};

}  // namespace limbeck
