#include "experiment/run_deployment.h"

#include "experiment/deployment.h"
#include "experiment/run_networks.h"

namespace limbeck {

Json given_networks(const RunContext& run) {
  Json networks = Json::array();
  for (const NetworkRecipe& given : run.recipe.networks) {
    if (!given.has_weights()) continue;
    ModelDescription description = run.networks.description(given);
    Json files = Json::array();
    for (const fs::path& file : weight_files(given)) files.push_back(fs::absolute(file).string());
    if (!is_graph(given.architecture)) description.network = torchscript_in(files.back().get<std::string>());
    const Network& network = *run.networks.network(given.name);
    networks.push_back({{"name", given.name},
                        {"files", files},
                        {"description", metadata_of(description)},
                        {"parameters", network.parameter_count()},
                        {"multiply_adds", network.multiply_adds() ? Json(*network.multiply_adds()) : Json(nullptr)}});
  }
  return networks;
}

Json measure_networks(const RunContext& run, const Json& stages) {
  std::vector<Deployed> networks;
  const auto add = [&](const std::string& name, const NetworkRecipe& recipe, const Json& accuracy,
                       const Json& agreement, const std::vector<fs::path>& files) {
    Model model{.description = run.networks.description(recipe), .network = run.networks.network(name)};
    networks.push_back({.row = {.name = name,
                                .accuracy = number_in(accuracy),
                                .agreement = number_in(agreement),
                                .parameters = model.network->parameter_count(),
                                .multiply_adds = model.network->multiply_adds(),
                                .bytes = bytes_of(files),
                                .memory = {},
                                .memory_before = {},
                                .cost = {},
                                .onnxruntime = {}},
                        .model = model,
                        .files = files});
  };
  for (const NetworkRecipe& given : run.recipe.networks)
    if (given.has_weights() && !is_only_trained(given.name, run.recipe))
      add(given.name, given, accuracy_of(given, stages), nullptr, weight_files(given));
  for (const Json& entry : stages) {
    if (!entry.contains("weights")) continue;
    const Json& on_test = entry["evaluations"]["test"];
    const StageRecipe& stage = *run.recipe.stage(entry["name"].get<std::string>());
    add(stage.name, run.network_of(stage), on_test["accuracy"], on_test["agreement"],
        {run.folder.path() / entry["weights"].get<std::string>()});
    networks.back().model.description.quantized = stage.form().quantized;
  }
  std::vector<std::string> notes;
  measure_deployment(networks, {}, notes);
  for (const std::string& note : notes) run.events.emit(Notice{note});
  Json written = Json::array();
  for (const Deployed& network : networks) written.push_back(to_json(network.row));
  return written;
}

}  // namespace limbeck
