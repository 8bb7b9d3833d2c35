#pragma once
// Names that no other process has, on whatever host: for files in a folder that several hosts share, where process ids
// are not unique.
//
//   const fs::path part = unique_part("runs/a/results.json");   // runs/a/results.json.4f1d…-17.part
//
// Thread-safety: all functions may be called from several threads.
#include <string>

#include "core/files.h"

namespace limbeck {

/// Returns a text that no call has returned before, in this process or another: 16 hexadecimal digits that the process
/// drew, and the number of the call.
std::string unique_token();

/// Returns a name for a temporary file beside `path`, which is to be renamed to it: "PATH.TOKEN.part".
fs::path unique_part(const fs::path& path);

/// The name of this host; "localhost" if it has none.
std::string host_name();

}  // namespace limbeck
