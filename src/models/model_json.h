#pragma once
// A trained network in words that any program reads: what stands beside an exported file of weights.
#include "models/model.h"

namespace limbeck {

/// {"format": 1, "weights": "student.safetensors", "architecture", "folding", "classes", "input": {"name", "shape",
/// "scale", "options"},
///  "layers": […], "output", "parameters", "multiply_adds", "made_from": {"file", "fingerprint"}}
///
/// Bytes of a picture, [channels, height, width], times `scale` are the input; resizing and normalisation are layers of
/// their own, and `options` says once more what they are. The fingerprint is that of the stage which left `made_from`,
/// where it lies in a stage's folder. Throws Error of kind usage for networks that are no graph.
Json model_json(const Model& model, const fs::path& weights, const fs::path& made_from);

}  // namespace limbeck
