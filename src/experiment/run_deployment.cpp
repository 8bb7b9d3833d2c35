#include "experiment/run_deployment.h"

#include "experiment/deployment.h"
#include "experiment/run_networks.h"
#include "results/keys.h"

namespace limbeck {

std::vector<GivenNetwork> given_networks(const RunContext& run) {
  std::vector<GivenNetwork> networks;
  for (const NetworkRecipe& given : run.recipe.networks) {
    if (!given.has_weights()) continue;
    ModelDescription description = run.networks.description(given);
    GivenNetwork& found = networks.emplace_back();
    found.name = given.name;
    for (const fs::path& file : weight_files(given)) found.files.push_back(fs::absolute(file).string());
    if (!is_graph(given.architecture)) description.network.front()["file"] = found.files.back();
    for (const auto& [key, value] : metadata_of(description)) found.description.add(key, value);
    const Network& network = *run.networks.network(given.name);
    found.parameters = network.parameter_count();
    found.multiply_adds = network.multiply_adds();
  }
  return networks;
}

std::vector<CostRow> measure_networks(const RunContext& run, const std::vector<StageResult>& stages) {
  std::vector<Deployed> networks;
  const auto add = [&](const std::string& name, const NetworkRecipe& recipe, const std::vector<fs::path>& files) {
    Deployed& deployed = networks.emplace_back();
    deployed.model = {.description = run.networks.description(recipe), .network = run.networks.network(name)};
    deployed.files = files;
    deployed.row.name = name;
    deployed.row.parameters = deployed.model.network->parameter_count();
    deployed.row.multiply_adds = deployed.model.network->multiply_adds();
    deployed.row.bytes = bytes_of(files);
    return &deployed;
  };
  for (const NetworkRecipe& given : run.recipe.networks)
    if (given.has_weights() && !is_only_trained(given.name, run.recipe))
      add(given.name, given, weight_files(given))->row.accuracy = teacher_accuracy(given, stages);
  for (const StageResult& entry : stages) {
    if (!entry.weights) continue;
    const StageRecipe& stage = *run.recipe.stage(entry.name);
    Deployed& deployed = *add(stage.name, run.network_of(stage), {run.folder.path() / *entry.weights});
    deployed.row.accuracy = entry.number(keys::kTest, keys::kAccuracy);
    deployed.row.agreement = entry.number(keys::kTest, keys::kAgreement);
    deployed.model.description.quantized = stage.form().quantized;
  }
  std::vector<std::string> notes;
  measure_deployment(networks, {.stop = run.stop}, notes);
  for (const std::string& note : notes) run.events.emit(Notice{note});
  std::vector<CostRow> rows;
  for (const Deployed& network : networks) rows.push_back(network.row);
  return rows;
}

}  // namespace limbeck
