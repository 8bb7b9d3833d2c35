#include "results/run_results.h"

#include "core/error.h"
#include "core/version.h"
#include "recipe/recipe.h"
#include "results/binding.h"
#include "results/json_fields.h"
#include "results/keys.h"
#include "results/seed_means.h"

namespace limbeck {
namespace {
constexpr const char* kFormatKey = "format";
constexpr const char* kStagesKey = "stages";
}  // namespace

void DataResult::bind(ResultFields& fields) {
  fields.value("source", source);
  fields.value(keys::kClasses, classes);
  fields.value("splits", splits);
  fields.value(keys::kFingerprint, fingerprint, Gap::omitted);
  fields.value("extra_fingerprint", extra_fingerprint, Gap::omitted);
}

void GivenNetwork::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kFiles, files);
  fields.value(keys::kDescription, description);
  fields.value(keys::kParameters, parameters);
  fields.value(keys::kMultiplyAdds, multiply_adds);
}

void PlotResult::Point::bind(ResultFields& fields) {
  fields.value("x", x);
  fields.value(keys::kStage, stage, Gap::omitted);
  fields.value("y", y);
  fields.value(keys::kDeviation, deviation);
}

void PlotResult::Line::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kPoints, points);
}

void PlotResult::bind(ResultFields& fields) {
  fields.value("title", title);
  fields.value("x_label", x_label);
  fields.value("y_label", y_label);
  fields.value("log_x", log_x);
  fields.value("log_y", log_y);
  fields.value("points_only", points_only, Gap::omitted);
  fields.value("lines", lines);
  fields.value("categories", categories, Gap::omitted);
}

const StageResult* RunResults::stage(const std::string& wanted) const {
  for (const StageResult& stage : stages)
    if (stage.name == wanted) return &stage;
  return nullptr;
}

std::vector<int64_t> RunResults::all_seeds() const {
  if (!seeds.empty() || !seed) return seeds;
  return {*seed};
}

void RunResults::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(kFormatKey, format);
  fields.value("version", version);
  fields.value("commit", commit);
  fields.value("paper", paper, OverSeeds::first);
  fields.value("command", command);
  fields.value("made_of", made_of);
  fields.value(keys::kSeed, seed, {OverSeeds::none, Gap::omitted});
  fields.value("data", data);
  fields.value(keys::kEnvironment, environment, OverSeeds::first);
  fields.value("given", given);
  fields.value(kStagesKey, stages, OverSeeds::first);  // combine_seeds() combines them
  fields.value("plots", plots, OverSeeds::first);
  fields.value("deployment", deployment, {OverSeeds::none, Gap::omitted});
  fields.value(keys::kSeeds, seeds, Gap::omitted);
}

RunResults results_of(const Recipe& recipe) {
  RunResults results;
  results.name = recipe.name;
  results.version = library_version();
  results.commit = built_commit();
  results.paper = resolve_paper(recipe);
  return results;
}

RunResults combine_seeds(const std::vector<RunResults>& seeds) {
  std::vector<const RunResults*> runs;
  for (const RunResults& seed : seeds) runs.push_back(&seed);
  RunResults combined = mean_over_seeds(runs);
  for (const RunResults& seed : seeds) combined.seeds.push_back(seed.seed.value_or(0));
  for (size_t i = 0; i < combined.stages.size(); ++i) {
    std::vector<const StageResult*> of_stage;
    for (const RunResults& seed : seeds) of_stage.push_back(&seed.stages.at(i));
    StageResult& stage = combined.stages[i] = combine_stages(of_stage);
    for (const RunResults& seed : seeds)
      if (const auto& weights = seed.stages[i].weights)
        stage.weights_of_seeds.push_back(fmt::format("seed-{}/{}", seed.seed.value_or(0), *weights));
  }
  return combined;
}

RunResults read_results(const fs::path& run_folder) {
  const fs::path file = run_folder / "results.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    throw Error(fmt::format("'{}' holds no results.json; expected the folder of a run", run_folder.string()));
  const Json json = read_json(file);
  const int64_t format = json_integer(json, kFormatKey).value_or(RunResults::kFormat);
  if (format != RunResults::kFormat)
    throw Error(
        fmt::format("'{}' has format {}; this program reads format {}", file.string(), format, RunResults::kFormat));
  if (!json_field(json, kStagesKey).is_array())
    throw Error(fmt::format("'{}' has no list of stages; expected the results of a run", file.string()));
  return from_json<RunResults>(json);
}

}  // namespace limbeck
