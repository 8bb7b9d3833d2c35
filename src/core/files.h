#pragma once
// Files: read whole, written beside and renamed, so that a reader never sees half a file and a crash loses nothing.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

namespace fs = std::filesystem;

/// Of a machine: more than that no file can be read whole.
size_t physical_memory();

/// The whole content of a regular file of at most so many bytes. Throws Error with the file's name and the reason; a
/// pipe or a device is one, since it may never begin or never end.
std::string read_file(const fs::path& path, size_t most = physical_memory());

/// Opens a regular file, by the flags of open(2), for who closes it; errors as above.
int open_regular_file(const fs::path& path, int flags);

/// Throws Error where the path names no regular file that can be read: for libraries that open files themselves.
void check_regular_file(const fs::path& path);

/// Writes `path` atomically: into a file beside it, flushed to disk, then renamed over it. Missing folders are made.
/// When anything fails (no space, no permission) the old file is untouched and the half-written one is removed.
void write_file(const fs::path& path, std::string_view content);

/// The same for content that is produced in pieces: `write` is called with a sink that takes them in order.
using ByteSink = std::function<void(const void* bytes, size_t size)>;
void write_file(const fs::path& path, const std::function<void(const ByteSink&)>& write);

/// Removes a file; nothing where there is none. Throws Error with the system's reason.
void remove_file(const fs::path& path);

/// Whether a folder is there; one that may not be looked at is none.
bool is_folder(const fs::path& path);

/// Makes a folder and its parents, and proves that files can be written there. Throws Error that names it.
void make_writable_folder(const fs::path& folder);

/// Appends one line and flushes it; used for logs whose last line may be cut by a crash.
void append_line(const fs::path& path, std::string_view line);
/// Appends bytes in one write, which a crash may cut.
void append_bytes(const fs::path& path, std::string_view bytes);

/// Holds a file for one holder until destroyed; what is in it does not matter. Made where it is missing, and left
/// there. Its holder may remove it: who opened it before then does not acquire it, since nobody else would see that
/// lock.
class FileLock {
 public:
  /// Throws Error where the file cannot be opened for writing.
  explicit FileLock(const fs::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  /// False: another has it.
  bool acquired() const { return acquired_; }
  /// Makes this the file's whole content.
  void write(std::string_view content) const;

 private:
  fs::path file_;
  int descriptor_ = -1;
  bool acquired_ = false;
};

/// Holds a folder for this process until destroyed. A second process gets an Error that says who holds it. Where
/// nothing was written into a folder that was made for this, the folder goes again, and its parents that were.
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
