#include "app/data_source.h"

#include "core/json.h"
#include "experiment/components.h"
#include "experiment/run_networks.h"
#include "recipe/reader.h"

namespace limbeck {

std::unique_ptr<Dataset> load_source(const std::string& source, const std::string& data) {
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
  const Value value = parse_yaml(source, "--source", diagnostics);
  const Choice choice = read_choice(value, "source", Slot::data, context);
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return choice.make<Dataset, const DataFolders&>(DataFolders(data));
}

std::string data_source_of(const fs::path& recipe) {
  return resolved(parse_recipe(read_file(recipe), recipe.string(), {}, components()).data.source).dump();
}

std::string source_for(const std::string& given, const std::string& model_file, const std::string& need) {
  if (!given.empty()) return given;
  const std::optional<fs::path> run = run_of_file(model_file);
  if (!run) throw Error(ErrorKind::usage, fmt::format("{}: '{}' does not lie in a run's folder, so say --source, e.g. --source mnist", need, model_file));
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

}  // namespace limbeck
