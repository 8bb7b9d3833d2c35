#pragma once
// Writes a trained network for use elsewhere.
//
//   export_model("runs/digits/distilled", "student.onnx", {.softmax = true});
//
// Thread-safety: may be called from several threads, for different files.
#include <filesystem>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

struct ExportOptions {
  bool softmax = false;  ///< ONNX: probabilities instead of logits
  bool bytes = false;    ///< ONNX: takes pixels as bytes, from 0 to 255
};

/// Writes a model (a file or RUN/STAGE, as Predictor takes it) as ONNX, TorchScript or safetensors, by the extension of
/// `file`: .onnx, .pt or .safetensors; the last with the layers in words beside it, .json. Throws Error of kind usage
/// for other extensions, and if the network cannot be written in that format.
void export_model(const std::filesystem::path& model, const std::filesystem::path& file,
                  const ExportOptions& options = {});

}  // namespace LIMBECK_API
