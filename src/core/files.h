#pragma once
// File input and output. Files are read as a whole, and written atomically: to a temporary file that is then renamed,
// so that readers never see a partial file and a crash leaves the old one.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace limbeck {

namespace fs = std::filesystem;

/// Physical memory of the machine in bytes; the default size limit of read_file.
size_t physical_memory();

/// Reads a regular file of at most `most` bytes. Throws Error with the file's name and the reason; also for a pipe or a
/// device, since these may never end.
std::string read_file(const fs::path& path, size_t most = physical_memory());

/// Opens a regular file with the flags of open(2); the caller closes it. Errors as above.
int open_regular_file(const fs::path& path, int flags);

/// Throws Error unless the path is a readable regular file. For use before calling libraries that open files
/// themselves.
void check_regular_file(const fs::path& path);

/// Writes `path` atomically: into a temporary file in the same folder, flushed to disk, then renamed. Creates missing
/// parent folders. If anything fails (no space, no permission), the old file is untouched and the temporary one is
/// removed.
void write_file(const fs::path& path, std::string_view content);

/// The same for content that is produced in pieces: `write` is called with a sink that takes them in order.
using ByteSink = std::function<void(const void* bytes, size_t size)>;
void write_file(const fs::path& path, const std::function<void(const ByteSink&)>& write);

/// Removes a file if it exists. Throws Error with the system's reason.
void remove_file(const fs::path& path);

/// Returns whether the path is a readable folder.
bool is_folder(const fs::path& path);

/// Creates a folder and its parents, and checks that files can be written there. Throws Error with the folder's name.
void make_writable_folder(const fs::path& folder);

/// Appends one line and flushes it. For logs: a crash may truncate the last line.
void append_line(const fs::path& path, std::string_view line);
/// Appends bytes in one write; a crash may truncate it.
void append_bytes(const fs::path& path, std::string_view bytes);

/// An exclusive lock on a file (flock), held until destruction. Creates the file if it is missing and never removes it.
/// The holder may remove it: a process that had opened the removed file does not acquire the lock, since other
/// processes would not see that lock. Among processes of one host only: see core/claim.h for several.
class FileLock {
 public:
  /// Tries to lock without waiting. Throws Error if the file cannot be opened for writing.
  explicit FileLock(const fs::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  /// False if another process holds the lock, or the file system has no locks.
  bool acquired() const { return acquired_; }
  /// False if the file system has no locks, as Lustre mounted without `-o flock`.
  bool is_supported() const { return is_supported_; }
  /// Replaces the file's content.
  void write(std::string_view content) const;

 private:
  fs::path file_;
  int descriptor_ = -1;
  bool acquired_ = false, is_supported_ = true;
};

}  // namespace limbeck
