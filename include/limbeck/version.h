#pragma once
// The library's version. Until 1.0 each minor version may change what these headers declare, and with it the name of
// the shared library: liblimbeck.so.0.3 belongs to the headers of 0.3.x, whose patch versions are compatible.
//
//   #if LIMBECK_VERSION >= 300   // 0.3.0
//
// Thread-safety: library_version() may be called from several threads.
#include "limbeck/api.h"

#define LIMBECK_VERSION_MAJOR 0
#define LIMBECK_VERSION_MINOR 3
#define LIMBECK_VERSION_PATCH 0
/// As one number: 10,000 · major + 100 · minor + patch.
#define LIMBECK_VERSION (LIMBECK_VERSION_MAJOR * 10000 + LIMBECK_VERSION_MINOR * 100 + LIMBECK_VERSION_PATCH)

namespace limbeck LIMBECK_API {

/// Returns the version of the library that is loaded, "0.3.0".
const char* library_version() noexcept;

}  // namespace LIMBECK_API
