#pragma once
// Reads files from archives with libarchive: tar compressed with gzip, bzip2, xz or zstd, and zip.
#include <map>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

/// Returns the contents of the entries with these `names`, by name. Skips other entries and writes nothing to disk.
/// Throws Error for a damaged or truncated archive, an entry of more than `limit` bytes, or a missing name.
std::map<std::string, std::string> read_archive(const fs::path& path, const std::vector<std::string>& names,
                                                size_t limit);

}  // namespace limbeck
