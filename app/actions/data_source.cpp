#include "app/actions/data_source.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <charconv>

#include "core/json.h"
#include "experiment/components.h"
#include "experiment/run_networks.h"
#include "recipe/reader.h"

namespace limbeck {
namespace {

/// "3x32x32" → {0, 3, 32, 32}: no examples of that shape.
Shape shape_from(const std::string& text) {
  Shape shape = {0};
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('x', start), text.size());
    int64_t extent = 0;
    const auto [stop, problem] = std::from_chars(text.data() + start, text.data() + end, extent);
    if (problem != std::errc() || stop != text.data() + end || extent < 1 || extent > 1'000'000)
      throw Error(
          ErrorKind::usage,
          fmt::format("--shape '{}': expected extents from 1 to 1,000,000 with x between them, e.g. 3x32x32", text));
    shape.push_back(extent);
    start = end + 1;
  }
  return shape;
}

}  // namespace

std::unique_ptr<Dataset> load_source(const std::string& source, const std::string& data) {
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
  const Value value = parse_yaml(source, "--source", diagnostics);
  const Choice choice = read_choice(value, "source", Slot::data, context);
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return choice.make<Dataset, const DataFolders&>(DataFolders(data));
}

std::string data_source_of(const fs::path& recipe) {
  return resolve(parse_recipe(read_file(recipe), recipe.string(), {}, components()).data.source).dump();
}

std::string source_for(const std::string& given, const std::string& model_file, const std::string& need) {
  if (!given.empty()) return given;
  const std::optional<fs::path> run = run_of_file(model_file);
  if (!run)
    throw Error(
        ErrorKind::usage,
        fmt::format("{}: '{}' does not lie in a run's folder, so say --source, e.g. --source mnist", need, model_file));
  return data_source_of(*run / "recipe.yaml");
}

ModelDescription made_for(const Dataset& dataset, const std::string& input) {
  NetworkRecipe network;
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
  const Value value = input.empty() ? Value{} : parse_yaml(input, "--input", diagnostics);
  MapReader reader(value, "input", context);
  network.input.bind(reader);
  reader.finish();
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return describe_model({}, dataset, input_of(network, {}, dataset));
}

std::optional<ModelDescription> description_of(const ForeignFlags& flags) {
  if (flags.shape.empty() && !flags.input.empty())
    throw Error(ErrorKind::usage,
                "--input is for models that Limbeck did not write; give --shape too, e.g. --shape 3x32x32");
  if (flags.shape.empty()) return std::nullopt;
  Dataset nothing;  // but of that shape
  nothing.name = "--shape";
  nothing.classes = flags.classes;
  nothing.train.inputs = at::empty(shape_from(flags.shape), at::kByte);
  return made_for(nothing, flags.input);
}

}  // namespace limbeck
