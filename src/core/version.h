#pragma once
#include <string>

namespace limbeck {

inline constexpr const char* kVersion = "0.2.0";

/// Of the repository from which this program was built; empty where that is not known.
std::string built_commit();
/// "0.1.0 (5785fbd01234)"; with the parts that this build has left out (cmake/parts.cmake), ", without serve onnx"
/// after it
std::string version_text();

}  // namespace limbeck
