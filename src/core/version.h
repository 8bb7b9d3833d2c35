#pragma once
#include <cstdint>
#include <string>

#include "limbeck/version.h"

namespace limbeck {

/// The day of this version in CHANGELOG.md.
inline constexpr const char* kVersionDate = "2026-12-01";

/// Version of the numerics. Must be increased when the same settings give different results than before, so that
/// finished stages and points of sweeps run again:
///   1  until version 0.1: random numbers depend on the seed alone
///   2  they depend on the stage's stream too (StageRecipe::stream); files are identified by their content
///   3  the processor sums gradients of convolutions in fixed parts; on a GPU, `auto` precision is bfloat16
inline constexpr int64_t kNumericsRevision = 3;

/// Commit of the repository from which this program was built; empty if unknown.
std::string built_commit();
/// "0.3.0 (5785fbd01234)"; if parts are disabled in this build (cmake/parts.cmake), followed by e.g. ", without serve
/// onnx".
std::string version_text();

}  // namespace limbeck
