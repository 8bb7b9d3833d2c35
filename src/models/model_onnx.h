#pragma once
// Export of a model to ONNX, with the model's metadata.
#include <string>
#include <vector>

#include "deploy/onnx.h"
#include "models/model.h"

namespace limbeck {

/// Returns the bytes of the ONNX file. Its metadata holds the description and the fingerprint of `made_from`: the
/// model's file, or the files of all ensemble members. Throws Error of kind usage if the network cannot be expressed in
/// ONNX.
std::string model_onnx(const Model& model, const std::vector<fs::path>& made_from, OnnxOptions options = {});

}  // namespace limbeck
