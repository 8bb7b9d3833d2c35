#pragma once
// A model as a file for use elsewhere, in the format of the file's extension.
#include <string>

#include "deploy/onnx.h"
#include "models/model.h"

namespace limbeck {

/// Returns ".onnx", ".pt" or ".safetensors". Throws Error of kind usage, with `flag` in the message, for other
/// extensions.
std::string export_extension(const fs::path& out, const std::string& flag);

/// The description that is written beside a .safetensors file.
fs::path description_file(const fs::path& out);

/// Writes the model. `made_from`: its file, named in ONNX files and descriptions.
void write_exported(const Model& model, const fs::path& out, const fs::path& made_from, const OnnxOptions& onnx);

}  // namespace limbeck
