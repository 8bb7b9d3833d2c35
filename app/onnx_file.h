#pragma once
// ONNX files of models, with what the model's own file says of it in their metadata.
#include "deploy/onnx.h"
#include "experiment/model.h"

namespace limbeck {

/// Writes the model. `model_file`: where it came from, whose fingerprint the file
/// gets. Throws Error of kind usage where the network has no form in ONNX.
void write_onnx(const fs::path& out, const Model& model, const fs::path& model_file, OnnxOptions options = {});

}  // namespace limbeck
