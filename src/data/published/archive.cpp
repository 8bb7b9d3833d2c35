#include "data/published/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr size_t kBlock = 1 << 20;

class ArchiveReader {
 public:
  explicit ArchiveReader(const fs::path& path) : path_(path), archive_(archive_read_new(), archive_read_free) {
    if (!archive_) throw Error("libarchive cannot be initialized");
    check_regular_file(path);
    archive_read_support_filter_all(archive_.get());
    archive_read_support_format_tar(archive_.get());
    archive_read_support_format_zip(archive_.get());
    check(archive_read_open_filename(archive_.get(), path.c_str(), kBlock));
  }

  /// The name of the next entry that is a file; empty after the last.
  std::string next() {
    archive_entry* entry = nullptr;
    while (true) {
      const int code = archive_read_next_header(archive_.get(), &entry);
      if (code == ARCHIVE_EOF) return "";
      check(code);
      const char* name = archive_entry_pathname(entry);
      if (name != nullptr && archive_entry_filetype(entry) == AE_IFREG)
        return fs::path(name).lexically_normal().generic_string();
    }
  }

  /// The content of the entry that next() named.
  std::string content(const std::string& name, size_t limit) {
    std::string content, block(kBlock, '\0');
    while (true) {
      const la_ssize_t got = archive_read_data(archive_.get(), block.data(), block.size());
      if (got == 0) return content;
      if (got < 0) {
        check(static_cast<int>(got));
        throw Error(fmt::format("'{}' in '{}' cannot be unpacked; the archive is damaged", name, path_.string()));
      }
      content.append(block.data(), static_cast<size_t>(got));
      if (content.size() > limit)
        throw Error(fmt::format("'{}' in '{}' unpacks to more than {} bytes", name, path_.string(), limit));
    }
  }

 private:
  void check(int code) const {
    if (code == ARCHIVE_OK || code == ARCHIVE_WARN) return;
    const char* reason = archive_error_string(archive_.get());
    throw Error(fmt::format("'{}' is no archive that can be read: {} (near offset {})", path_.string(),
                            reason == nullptr ? "damaged" : reason, archive_filter_bytes(archive_.get(), -1)));
  }

  fs::path path_;
  std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
};

}  // namespace

std::map<std::string, std::string> read_archive(const fs::path& path, const std::vector<std::string>& names,
                                                size_t limit) {
  ArchiveReader reader(path);
  std::map<std::string, std::string> contents;
  for (std::string name = reader.next(); !name.empty(); name = reader.next())
    if (std::find(names.begin(), names.end(), name) != names.end()) contents[name] = reader.content(name, limit);
  for (const std::string& name : names)
    if (!contents.contains(name)) throw Error(fmt::format("'{}' does not hold '{}'", path.string(), name));
  return contents;
}

}  // namespace limbeck
