#pragma once
// Description of a trained network as JSON, written beside an exported weight file for use by other programs.
#include "models/model.h"

namespace limbeck {

/// {"format": 1, "weights": "student.safetensors", "architecture", "folding", "classes", "input": {"name", "shape",
/// "scale", "options"},
///  "layers": […], "output", "parameters", "multiply_adds", "made_from": {"file", "fingerprint"}}
///
/// The input is image bytes, [channels, height, width], times `scale`. Resizing and normalization are layers of the
/// network; `options` repeats their settings. The fingerprint is that of the stage that wrote `made_from`, if it is in
/// a stage's folder. Throws Error of kind usage for networks that are not graphs.
Json model_json(const Model& model, const fs::path& weights, const fs::path& made_from);

}  // namespace limbeck
