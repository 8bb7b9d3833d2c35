#pragma once
// The playground: a web page on which the user draws or selects an image, and the networks' class probabilities are
// computed in the browser from their ONNX files.
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
  std::optional<std::string> onnx;  ///< address of the ONNX file for the page; nullopt: the page uses POST /predict
                                    ///< instead
  std::string teacher = {};         ///< name of its teacher, if known
};

/// Returns the page's configuration: {"title", "input": [C, H, W], "scale", "classes", "models": [{"name", "network",
/// "parameters", "onnx", "teacher"}], "examples": [{"id", "label", "pixels"}]}. `models` must not be empty; all must
/// take the same image size and have the same classes. Examples of another size are skipped.
Json playground_json(const std::string& title, const std::vector<PlaygroundModel>& models,
                     const ReportedExamples& examples);

/// Writes the playground as a folder for any static web server: index.html with its script and style, the ONNX runtime,
/// playground.json and a file NAME.onnx for each model. Models inside a run are named after their stages, and the
/// examples in that run's report (of the first model's run) can be selected on the page. Files that were inputs of such
/// a run, e.g. its teacher, keep the name, input size and normalization that they had there. Returns notices: one for
/// each TorchScript program whose input size or normalization is unknown. Throws Error of kind usage if a model does
/// not take images of the same size, or has another number of classes than the first, and for networks that cannot be
/// exported to ONNX.
std::vector<std::string> write_playground(const fs::path& folder, const std::vector<fs::path>& models);

}  // namespace limbeck
