#include "serve/playground.h"

#include <algorithm>

#include "core/json.h"
#include "experiment/model_onnx.h"
#include "nn/graph.h"
#include "report/html.h"
#include "report/page/assets.h"
#include "report/plot_style.h"
#include "serve/assets.h"
#include "serve/served_models.h"

namespace limbeck {
namespace {

// index.html is made of playground.html: within `limbeck serve` it is one of the pages of app.js.
constexpr std::pair<const char*, const char*> kFiles[] = {{"playground.html", "index.html"},
                                                          {"static.js", "static.js"},
                                                          {"playground.js", "playground.js"},
                                                          {"app.css", "app.css"},
                                                          {"icon.svg", "icon.svg"},
                                                          {"ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.wasm"}};

/// runs/demo/stages/distilled/weights.safetensors → "distilled"; other files are called by their own names.
bool lies_in_run(const fs::path& file) { return file.parent_path().parent_path().filename() == "stages"; }

std::string model_name(const fs::path& file) {
  return lies_in_run(file) ? file.parent_path().filename().string() : file.stem().string();
}

/// The examples that the first model's run has left; none where it lies in no run.
ReportedExamples examples_beside(const fs::path& file) {
  return lies_in_run(file) ? read_examples(file.parent_path().parent_path().parent_path() / "examples.json") : ReportedExamples{};
}

void check_same(const PlaygroundModel& first, const PlaygroundModel& other) {
  const ModelDescription &expected = first.model->description, &found = other.model->description;
  if (!takes_pictures(found))
    throw Error(ErrorKind::usage, fmt::format("'{}' takes inputs of {}; a playground is for pictures of one or three channels", other.name,
                                              to_text(found.input)));
  if (found.input != expected.input || found.classes.size() != expected.classes.size())
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' takes {} and knows {} classes, '{}' takes {} and knows {}; expected the same of models on one page", first.name,
                    to_text(expected.input), expected.classes.size(), other.name, to_text(found.input), found.classes.size()));
}

}  // namespace

Json playground_json(const std::string& title, const std::vector<PlaygroundModel>& models, const ReportedExamples& examples) {
  const ModelDescription& first = models.front().model->description;
  Json json = {{"title", title}, {"input", first.input}, {"scale", first.scale}, {"classes", first.classes}};
  json["models"] = Json::array();
  for (const PlaygroundModel& model : models)
    json["models"].push_back({{"name", model.name}, {"network", network_text(*model.model)},
                              {"parameters", model.model->network->parameter_count()},
                              {"onnx", model.onnx ? Json(*model.onnx) : Json()}, {"teacher", model.teacher}});
  json["examples"] = Json::array();
  for (const ReportedExample& example : examples.examples)
    if (Shape{example.channels, example.height, example.width} == first.input)
      json["examples"].push_back({{"id", example.id}, {"label", example.label}, {"pixels", example.pixels}});
  return json;
}

void write_playground(const fs::path& folder, const std::vector<fs::path>& models) {
  if (models.empty()) throw Error(ErrorKind::usage, "no model for the playground; expected at least one");
  if (find_asset("playground.html") == nullptr) throw Error("this program was built without its pages (LIMBECK_WEB=OFF)");
  std::vector<PlaygroundModel> loaded;
  std::vector<std::string> files;
  for (const fs::path& file : models) {
    std::string name = model_name(fs::absolute(file)), stem = slug(name);
    while (std::find(files.begin(), files.end(), stem) != files.end()) stem += "-2";
    files.push_back(stem);
    std::optional<ModelDescription> foreign;  // what a program of others stands beside
    if (!loaded.empty()) foreign = ModelDescription{.network = {}, .input = loaded.front().model->description.input,
                                                    .classes = loaded.front().model->description.classes, .input_options = {}};
    loaded.push_back({.name = name, .model = std::make_shared<const Model>(load_model(file, foreign)), .onnx = stem + ".onnx"});
    check_same(loaded.front(), loaded.back());
  }
  make_writable_folder(folder);
  for (size_t i = 0; i < loaded.size(); ++i) write_file(folder / *loaded[i].onnx, model_onnx(*loaded[i].model, {models[i]}));
  for (const auto& [asset, name] : kFiles) write_file(folder / name, unpacked(*find_asset(asset)));
  write_file(folder / "report.css", plot_style() + kPageStyle);
  write_file(folder / "playground.json",
             playground_json(loaded.front().name, loaded, examples_beside(fs::absolute(models.front()))).dump() + "\n");
}

}  // namespace limbeck
