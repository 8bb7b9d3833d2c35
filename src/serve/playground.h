#pragma once
// The playground: a page on which a picture is drawn or chosen, and the networks' distributions over the classes are
// computed in the browser, by the networks' ONNX files.
//
//   write_playground("page", {"runs/demo/stages/distilled", "runs/demo/stages/teacher"});
//   // then any web server will do: python3 -m http.server --directory page
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "models/model.h"
#include "results/run_files.h"

namespace limbeck {

struct PlaygroundModel {
  std::string name;
  std::shared_ptr<const Model> model;
  std::optional<std::string> onnx;  ///< where the page finds its file; nothing: it asks POST /predict instead
  std::string teacher = {};         ///< the model that taught it, where it is known
};

/// {"title", "input": [C, H, W], "scale", "classes", "models": [{"name", "network", "parameters", "onnx", "teacher"}],
/// "examples":
/// [{"id", "label", "pixels"}]}: what the page needs to know. The models are those that take the same pictures and know
/// the same classes as the first; there is at least one.
Json playground_json(const std::string& title, const std::vector<PlaygroundModel>& models,
                     const ReportedExamples& examples);

/// Writes the playground as a folder that any web server can hold: index.html with its script and style, the runtime,
/// playground.json and a file NAME.onnx for each model. Models that lie in a run are named after their stages, and that
/// run's telling examples can be picked on the page; what that run was given, such as its teacher's file, is here what
/// it was there. Returns notices: a sentence for each TorchScript program whose input size or normalization is not
/// known. Throws Error of kind usage where a model takes no pictures, or other ones than the first, and for networks
/// that have no ONNX form.
std::vector<std::string> write_playground(const fs::path& folder, const std::vector<fs::path>& models);

}  // namespace limbeck
