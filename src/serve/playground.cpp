#include "serve/playground.h"

#include <algorithm>

#include "core/json.h"
#include "experiment/run_networks.h"
#include "limbeck/graph.h"
#include "models/model_onnx.h"
#include "report/html.h"
#include "report/page/assets.h"
#include "report/plots/plot_style.h"
#include "results/keys.h"
#include "serve/assets.h"
#include "serve/served_models.h"

namespace limbeck {
namespace {

// index.html is made of playground.html: within `limbeck serve` it is one of the pages of app.js.
constexpr std::pair<const char*, const char*> kFiles[] = {
    {"playground.html", "index.html"},  {"static.js", "static.js"},
    {"playground.js", "playground.js"}, {"app.css", "app.css"},
    {"icon.svg", "icon.svg"},           {"ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.wasm"}};

/// The examples that the first model's run has left; none where it lies in no run.
ReportedExamples examples_beside(const fs::path& file) {
  const std::optional<fs::path> run = run_of_file(file);
  return run ? read_examples(*run / "examples.json") : ReportedExamples{};
}

/// The runs that the models lie in: what one of them was given is on the page what it was there.
std::vector<fs::path> runs_of(const std::vector<fs::path>& models) {
  std::vector<fs::path> runs;
  for (const fs::path& model : models)
    if (const std::optional<fs::path> run = run_of_file(model)) runs.push_back(*run);
  return runs;
}

/// A program of elsewhere, whose input nobody has said: how it is taken.
std::string taken_as_it_is(const fs::path& file) {
  return fmt::format(
      "'{}' does not say what it does to pixels, and no run beside it was given it: it gets them as they are, from 0 "
      "to 1",
      file.string());
}

void check_same(const PlaygroundModel& first, const PlaygroundModel& other) {
  const ModelDescription &expected = first.model->description, &found = other.model->description;
  if (!takes_pictures(found))
    throw Error(ErrorKind::usage,
                fmt::format("'{}' takes inputs of {}; a playground is for pictures of one or three channels",
                            other.name, to_text(found.input)));
  if (found.input != expected.input || found.classes.size() != expected.classes.size())
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "'{}' takes {} and knows {} classes, '{}' takes {} and knows {}; expected the same of models on one page",
            first.name, to_text(expected.input), expected.classes.size(), other.name, to_text(found.input),
            found.classes.size()));
}

}  // namespace

Json playground_json(const std::string& title, const std::vector<PlaygroundModel>& models,
                     const ReportedExamples& examples) {
  const ModelDescription& first = models.front().model->description;
  Json json = {{"title", title}, {"input", first.input}, {"scale", first.scale}, {keys::kClasses, first.classes}};
  json["models"] = Json::array();
  for (const PlaygroundModel& model : models)
    json["models"].push_back({{keys::kName, model.name},
                              {keys::kNetwork, network_text(*model.model)},
                              {keys::kParameters, model.model->network->parameter_count()},
                              {"onnx", model.onnx ? Json(*model.onnx) : Json()},
                              {keys::kTeacher, model.teacher}});
  json[keys::kExamples] = Json::array();
  for (const ReportedExample& example : examples.examples)
    if (Shape{example.channels, example.height, example.width} == first.input)
      json[keys::kExamples].push_back({{"id", example.id}, {"label", example.label}, {"pixels", example.pixels}});
  return json;
}

std::vector<std::string> write_playground(const fs::path& folder, const std::vector<fs::path>& models) {
  if (models.empty()) throw Error(ErrorKind::usage, "no model for the playground; expected at least one");
  if (find_asset("playground.html") == nullptr)
    throw Error("this program was built without its pages (LIMBECK_WEB=OFF)");
  std::vector<PlaygroundModel> loaded;
  std::vector<std::string> files, notices;
  const std::vector<fs::path> runs = runs_of(models);
  for (const fs::path& file : models) {
    const RunNetwork network = network_of_file(file, runs);
    std::string stem = slug(network.name);
    while (std::find(files.begin(), files.end(), stem) != files.end()) stem += "-2";
    files.push_back(stem);
    std::optional<ModelDescription> foreign;  // what a program of others stands beside
    if (!loaded.empty())
      foreign = ModelDescription{.network = {},
                                 .input = loaded.front().model->description.input,
                                 .classes = loaded.front().model->description.classes,
                                 .input_options = {}};
    if (!network.given && is_foreign_program(file)) notices.push_back(taken_as_it_is(file));
    loaded.push_back(
        {.name = network.name, .model = std::make_shared<const Model>(load(network, foreign)), .onnx = stem + ".onnx"});
    check_same(loaded.front(), loaded.back());
  }
  make_writable_folder(folder);
  for (size_t i = 0; i < loaded.size(); ++i)
    write_file(folder / *loaded[i].onnx, model_onnx(*loaded[i].model, {models[i]}));
  for (const auto& [asset, name] : kFiles) write_file(folder / name, unpack(*find_asset(asset)));
  write_file(folder / "report.css", plot_style() + kPageStyle);
  write_file(folder / "playground.json",
             playground_json(loaded.front().name, loaded, examples_beside(models.front())).dump() + "\n");
  return notices;
}

}  // namespace limbeck
