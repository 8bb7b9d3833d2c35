#pragma once
// Optional parts of a build (cmake/parts.cmake). If one is disabled, src/ROOM/without_PART.cpp replaces its files:
//
//   throw left_out("sound files", "LIMBECK_SOUND");   // this limbeck was built without sound files (LIMBECK_SOUND=OFF)
#include <string>

#include "core/error.h"

namespace limbeck {

inline Error left_out(const std::string& what, const std::string& option) {
  return Error(fmt::format("this limbeck was built without {} ({}=OFF)", what, option));
}

}  // namespace limbeck
