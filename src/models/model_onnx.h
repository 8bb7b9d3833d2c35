#pragma once
// A model as an ONNX file that says of itself what the model's own file says.
#include <string>
#include <vector>

#include "deploy/onnx.h"
#include "models/model.h"

namespace limbeck {

/// The file's bytes; its metadata hold the description, and the fingerprint of `made_from`, the files that the model
/// was read from: one, or those of an ensemble's members. Throws Error of kind usage where the network has no form in
/// ONNX.
std::string model_onnx(const Model& model, const std::vector<fs::path>& made_from, OnnxOptions options = {});

}  // namespace limbeck
