#pragma once
// Files out of archives, through libarchive: tar packed with gzip, bzip2, xz or zstd, and zip.
#include <map>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

/// The content of those entries of an archive that are called by one of `names`, by name; other entries are passed
/// over, and nothing is written to the disk. Throws Error for a damaged or truncated archive, an entry of more than
/// `limit` bytes, or a name that is not there.
std::map<std::string, std::string> read_archive(const fs::path& path, const std::vector<std::string>& names,
                                                size_t limit);

}  // namespace limbeck
