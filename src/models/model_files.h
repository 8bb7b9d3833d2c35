#pragma once
// Resolves user-given names of trained networks to files.
#include <optional>

#include "core/files.h"

namespace limbeck {

/// weights.safetensors, model.pt, student.onnx    the file itself
/// RUN/stages/NAME, RUN/NAME                       the network of that stage
/// student.json                                    the weights in the same folder that it describes
///
/// Throws Error if there is no such file, and Error of kind usage for the folder of a run with several networks, which
/// the message lists.
fs::path model_file(const fs::path& name);

/// Returns the weight file or program from which an ONNX file was exported, if it is in the same folder or in a stage's
/// folder beside it.
std::optional<fs::path> made_from(const fs::path& onnx_file);

/// Throws Error if the file is ONNX, since `what` ("export") needs the network's layers. The message names the file
/// from which the ONNX file was exported, if it can be found.
void refuse_onnx(const fs::path& file, const std::string& what);

}  // namespace limbeck
