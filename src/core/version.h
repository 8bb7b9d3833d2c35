#pragma once
#include <string>

namespace limbeck {

inline constexpr const char* kVersion = "0.2.0";

/// Commit of the repository from which this program was built; empty if unknown.
std::string built_commit();
/// "0.1.0 (5785fbd01234)"; if parts are disabled in this build (cmake/parts.cmake), followed by e.g. ", without serve
/// onnx".
std::string version_text();

}  // namespace limbeck
