#pragma once
// Gzip files, read whole and checked to the last byte.
#include <string>
#include <string_view>

#include "core/files.h"

namespace limbeck {

/// The content of a file, unpacked where it is gzip. A truncated or damaged stream, bytes after its end, or more than
/// `limit` bytes of content are an Error that names the file and the offset in it.
std::string read_maybe_gzip(const fs::path& path, size_t limit);

/// The content of one gzip stream in memory; errors as above, with `name` for the file's.
std::string unpack_gzip(std::string_view packed, const std::string& name, size_t limit);

/// Writes `content` as gzip, atomically and without a time stamp: equal content gives equal files.
void write_gzip(const fs::path& path, const std::string& content);

}  // namespace limbeck
