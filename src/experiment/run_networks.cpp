#include "experiment/run_networks.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "experiment/components.h"
#include "experiment/stage.h"
#include "models/model_files.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/run_folder.h"
#include "results/run_results.h"

namespace limbeck {
namespace {

/// The folder of the run, or of the first of its seeds.
fs::path folder_of_one_seed(const fs::path& run) {
  if (!fs::exists(run / "results.json") || !fs::exists(run / "recipe.yaml"))
    throw Error(fmt::format("'{}' is no run folder: it holds no results.json and recipe.yaml", run.string()));
  const std::vector<int64_t> seeds = read_results(run).seeds;
  return seeds.empty() ? run : RunFolder(run).seed(seeds.front()).path();
}

void take_accuracy(RunNetwork& network, const StageResult& stage) {
  network.accuracy = stage.number(keys::kTest, keys::kAccuracy);
  network.agreement = stage.number(keys::kTest, keys::kAgreement);
}

/// nullopt, and why, where its files are not there any more.
std::optional<RunNetwork> network_of_given(const GivenNetwork& given, const fs::path& results,
                                           std::vector<std::string>& left_out) {
  RunNetwork network{.name = given.name, .files = {}};
  for (const std::string& file : given.files) {
    network.files.emplace_back(file);
    if (fs::is_regular_file(network.files.back())) continue;
    left_out.push_back(
        fmt::format("'{}' is left out: its file '{}' is not there", network.name, network.files.back().string()));
    return std::nullopt;
  }
  network.given = description_from(Metadata(given.description.begin(), given.description.end()), results);
  return network;
}

/// What the run was given as this file; nullopt where it was not.
std::optional<RunNetwork> given_as(const fs::path& file, const fs::path& run) {
  const fs::path results = run / "results.json";
  if (!fs::exists(results)) return std::nullopt;
  std::vector<std::string> left_out;
  const auto of_run = from_json<RunResults>(read_json(results));
  for (const GivenNetwork& given : of_run.given) {
    std::optional<RunNetwork> network = network_of_given(given, results, left_out);
    const auto is_file = [&](const fs::path& other) { return fs::exists(file) && fs::equivalent(file, other); };
    if (network && std::any_of(network->files.begin(), network->files.end(), is_file)) return network;
  }
  return std::nullopt;
}

Recipe recipe_of(const fs::path& run) {
  const fs::path file = run / "recipe.yaml";
  return parse_recipe(read_file(file), file.string(), {}, components());
}

/// The network that the members of a stage began with and answer with.
RunNetwork source_of(const StageRecipe& stage, const Recipe& recipe, const fs::path& run) {
  const std::string name = stage.form().source;
  if (recipe.stage(name) != nullptr) return {.name = name, .files = {RunFolder(run).stage(name).weights()}};
  std::vector<std::string> left_out;
  for (const GivenNetwork& given : read_results(run).given) {
    if (given.name != name) continue;
    if (std::optional<RunNetwork> network = network_of_given(given, run / "results.json", left_out)) return *network;
  }
  throw Error(fmt::format("'{}' answers with '{}', which is not there any more{}{}", stage.name, name,
                          left_out.empty() ? "" : ": ", fmt::join(left_out, "; ")));
}

RunNetwork network_of_stage(const StageResult& result, const StageRecipe& stage, const Recipe& recipe,
                            const fs::path& run) {
  const StageForm form = stage.form();
  const std::shared_ptr<const StageKind> kind = kind_of(stage);
  RunNetwork network{.name = stage.name, .files = {}};
  if (kind->joins_source()) network = source_of(stage, recipe, run);
  network.name = stage.name;
  take_accuracy(network, result);
  for (const std::string& name : weight_folders(stage)) network.files.push_back(RunFolder(run).stage(name).weights());
  network.mean = form.mean;
  if (form.members > 0)
    network.join = [kind, folder = RunFolder(run).stage(stage.name)](std::vector<std::shared_ptr<Network>> networks) {
      return kind->join(std::move(networks), folder.record().value_or(Json()));
    };
  return network;
}

/// RUN/stages/NAME for that folder and for RUN/NAME.
fs::path stage_folder(const fs::path& name) {
  fs::path folder = fs::absolute(name).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "RUN/stages/NAME/"
  return is_folder(folder) ? folder : folder.parent_path() / "stages" / folder.filename();
}

/// nullopt where the name is not of a finished stage that trained several networks.
std::optional<RunNetwork> ensemble_named(const fs::path& name) {
  const StageFolder folder(stage_folder(name));
  const std::optional<fs::path> run = run_of_file(folder.weights());
  if (!run || fs::exists(folder.weights())) return std::nullopt;
  const std::optional<Json> record = folder.finished();
  if (!record) return std::nullopt;
  const Recipe recipe = recipe_of(*run);
  const StageRecipe* stage = recipe.stage(folder.path().filename().string());
  if (stage == nullptr || stage->form().members == 0) return std::nullopt;
  return network_of_stage(from_json<StageRecord>(*record).results, *stage, recipe, *run);
}

}  // namespace

RunNetworks networks_of_run(const fs::path& run) {
  const fs::path folder = folder_of_one_seed(run);
  const Recipe recipe = recipe_of(folder);
  const RunResults results = read_results(folder);
  RunNetworks found;
  std::vector<RunNetwork> trained;
  for (const StageResult& result : results.stages) {
    const StageRecipe* stage = recipe.stage(result.name);
    if (stage == nullptr)
      throw Error(fmt::format("'{}' names a stage that the recipe beside it does not have: {}",
                              (folder / "results.json").string(), Json(result.name).dump()));
    if (!kind_of(*stage)->joins_source())
      trained.push_back(network_of_stage(result, *stage, recipe, folder));
    else
      found.left_out.push_back(
          fmt::format("'{}' is left out: a generalist with specialists is no network in a file", stage->name));
  }
  for (const GivenNetwork& given : results.given) {
    const NetworkRecipe* in_recipe = recipe.network(given.name);
    if (in_recipe == nullptr || is_only_trained(given.name, recipe)) continue;
    std::optional<RunNetwork> network = network_of_given(given, folder / "results.json", found.left_out);
    if (!network) continue;
    network->accuracy = teacher_accuracy(*in_recipe, results.stages);
    found.networks.push_back(std::move(*network));
  }
  found.networks.insert(found.networks.end(), trained.begin(), trained.end());
  return found;
}

std::optional<fs::path> run_of_file(const fs::path& file) {
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  const bool in_stage = folder.parent_path().filename() == "stages";
  const fs::path run = in_stage ? folder.parent_path().parent_path() : folder;
  if (!fs::exists(run / "recipe.yaml") || (!in_stage && !fs::exists(run / "results.json"))) return std::nullopt;
  return run;
}

RunNetwork network_of_file(const fs::path& file, const std::vector<fs::path>& runs) {
  for (const fs::path& run : runs)
    if (std::optional<RunNetwork> given = given_as(file, run)) return *given;
  RunNetwork network{.name = file.stem().string(), .files = {file}};
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  if (file.filename() != "weights.safetensors" && file.filename() != "model.pt") return network;
  if (folder.parent_path().filename() == "stages") network.name = folder.filename().string();
  if (const std::optional<Json> stage = StageFolder(folder).finished())
    take_accuracy(network, from_json<StageRecord>(*stage).results);
  return network;
}

RunNetwork network_named(const fs::path& name, std::vector<fs::path> runs) {
  if (std::optional<RunNetwork> ensemble = ensemble_named(name)) return *ensemble;
  const fs::path file = model_file(name);
  if (const std::optional<fs::path> run = run_of_file(file)) runs.push_back(*run);
  return network_of_file(file, runs);
}

Model load(const RunNetwork& network, const std::optional<ModelDescription>& foreign) {
  const fs::path& first = network.files.front();
  Model model = network.given ? load_as(*network.given, first) : load_model(first, foreign);
  if (!network.join) return model;
  std::vector<std::shared_ptr<Network>> networks = {model.network};
  for (size_t i = 1; i < network.files.size(); ++i) networks.push_back(load_model(network.files[i], foreign).network);
  model.network = network.join(std::move(networks));
  return model;
}

bool is_only_trained(const std::string& name, const Recipe& recipe) {
  const auto any = [&](const auto& holds) { return std::any_of(recipe.stages.begin(), recipe.stages.end(), holds); };
  return any([&](const StageRecipe& stage) { return stage.network == name; }) && !any([&](const StageRecipe& stage) {
           return std::find(stage.inputs.begin(), stage.inputs.end(), name) != stage.inputs.end();
         });
}

std::optional<double> teacher_accuracy(const NetworkRecipe& network, const std::vector<StageResult>& stages) {
  for (const StageResult& stage : stages)
    if (stage.teacher == network.name) return stage.number(keys::kTest, keys::kTeacherAccuracy);
  return std::nullopt;
}

uintmax_t bytes_of(const std::vector<fs::path>& files) {
  uintmax_t bytes = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    const StageFolder folder(file.parent_path());
    const bool has_program = file.filename() == folder.weights().filename() && fs::exists(folder.program(), error);
    bytes += fs::file_size(has_program ? folder.program() : file, error);
    if (error) throw Error(fmt::format("cannot read '{}': {}", file.string(), error.message()));
  }
  return bytes;
}

}  // namespace limbeck
