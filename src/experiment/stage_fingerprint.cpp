#include "experiment/stage_fingerprint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/hash.h"
#include "core/json.h"
#include "core/version.h"
#include "experiment/stage.h"

namespace limbeck {
namespace {

/// Settings that change what is seen while a stage runs, but not its result.
constexpr std::array<const char*, 2> kWithoutEffect = {"evaluate_every", "checkpoint_seconds"};

/// Switches that came after stages had been computed without them.
constexpr std::array<std::pair<const char*, const char*>, 2> kLaterSwitches = {
    {{"", "sync_batch_norm"}, {"/specialists", "correct_prior"}}};

/// Removes the settings that are as they always were: switches that are off.
void erase_defaults(Json& stage) {
  for (const auto& [parent, key] : kLaterSwitches) {
    const Json::json_pointer place(parent);
    if (stage.contains(place) && stage[place].is_object() && !stage[place].value(key, false)) stage[place].erase(key);
  }
}

/// Options in which the names of files are replaced by the fingerprints of what they hold.
Json with_contents(const Json& options, const std::vector<std::string>& files) {
  if (options.is_string() && std::find(files.begin(), files.end(), options.get<std::string>()) != files.end())
    return fingerprint_of_file(options.get<std::string>());
  Json contents = options;
  if (options.is_structured())
    for (auto& [key, value] : contents.items()) value = with_contents(value, files);
  return contents;
}

/// The teacher in a stage's settings, by content. Where its outputs are kept changes none of them.
void know_by_content(const Choice& teacher, Json& settings) {
  if (!settings.contains("teacher")) return;
  settings["teacher"] = with_contents(settings["teacher"], files_of(teacher));
  settings["teacher"][teacher.name()].erase("store");
}

}  // namespace

bool begins_with_weights(const StageRecipe& stage, const NetworkRecipe& network) {
  return !network.weights.empty() && stage.initial_weights.empty() && stage.form().source.empty();
}

Json settings_of(const RunContext& run, const StageRecipe& stage) {
  const NetworkRecipe& network = run.network_of(stage);
  Json settings = resolve(stage);
  erase_defaults(settings);
  settings["revision"] = kNumericsRevision;
  const bool watched = stage.stop.accuracy > 0 || stage.stop.patience > 0;  // then evaluation decides when to stop
  for (const char* key : kWithoutEffect)
    if (!watched || key != std::string("evaluate_every")) settings.erase(key);
  settings["network"] = with_contents(resolve(network.architecture), files_of(network.architecture));
  know_by_content(stage.teacher, settings);
  if (const InputOptions& input = run.networks.input(stage.network); !input.empty()) settings["input"] = to_json(input);
  settings["seed"] = run.seed;
  if (stage.member > 0) settings["member"] = stage.member;
  settings["validation"] = run.recipe.data.validation;
  settings["data"] = run.fingerprints.source;
  if (settings.contains("examples")) settings["examples"].erase("extra");
  if (stage.examples.extra && !run.fingerprints.extra.empty()) settings["extra"] = run.fingerprints.extra;
  settings["device"] = run.device.str();
  std::vector<std::string> inputs = stage.inputs;
  if (stage.form().apart)
    for (const StageRecipe& part : kind_of(stage)->parts(stage)) inputs.push_back(part.name);
  for (const std::string& input : inputs) settings["inputs"][input] = run.networks.fingerprint(input);
  if (begins_with_weights(stage, network)) settings["weights"] = fingerprint_of_file(network.weights);
  if (run.data.labels().aligned) settings["inputs"]["aligned labels"] = fingerprint_of(run.data.labels());
  return settings;
}

std::string fingerprint_of(const Json& settings) {
  return Hasher().add(settings.dump()).fingerprint();
}

std::string difference_between(const Json& before, const Json& now) {
  if (const int64_t revision = before.value("revision", int64_t{1}); revision != kNumericsRevision)
    return fmt::format("it was computed with revision {} of the numerics, and this program computes revision {}{}",
                       revision, kNumericsRevision,
                       revision == 1 ? ", in which each stage draws random numbers of its own (`stream`)" : "");
  const Json old_flat = before.flatten(), new_flat = now.flatten();
  const auto name_of = [](std::string pointer) {
    std::replace(pointer.begin(), pointer.end(), '/', '.');
    return pointer.substr(1);
  };
  for (const auto& [pointer, value] : new_flat.items())
    if (!old_flat.contains(pointer) || old_flat[pointer] != value)
      return fmt::format("{} was {}, is {}", name_of(pointer),
                         old_flat.contains(pointer) ? old_flat[pointer].dump() : "not set", value.dump());
  for (const auto& [pointer, value] : old_flat.items())
    if (!new_flat.contains(pointer)) return fmt::format("{} was {}, is not set", name_of(pointer), value.dump());
  return "its inputs changed";
}

std::string fingerprint_of(const RunContext& run) {
  Json recipe = resolve(run.recipe);
  for (const char* key : {"seed", "paper", "plots"}) recipe.erase(key);
  for (const char* key : {"source", "extra"}) recipe["data"].erase(key);  // known by their fingerprints
  for (const NetworkRecipe& network : run.recipe.networks) {
    Json& options = recipe["networks"][network.name];
    options.erase("weights");
    options = with_contents(options, files_of(network.architecture));
  }
  for (size_t i = 0; i < run.recipe.stages.size(); ++i) {
    for (const char* key : kWithoutEffect) recipe["stages"][i].erase(key);
    erase_defaults(recipe["stages"][i]);
    know_by_content(run.recipe.stages[i].teacher, recipe["stages"][i]);
  }
  Json made = {{"recipe", recipe},
               {"revision", kNumericsRevision},
               {"seed", run.seed},
               {"data", {run.fingerprints.source, run.fingerprints.extra}},
               {"device", run.device.str()}};
  for (const NetworkRecipe& given : run.recipe.networks)
    if (given.has_weights()) made["given"][given.name] = run.networks.fingerprint(given.name);
  return Hasher().add(made.dump()).fingerprint();
}

}  // namespace limbeck
