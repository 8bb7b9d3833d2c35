#include "sweep/sweep_folder.h"

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "recipe/recipe.h"
#include "results/binding.h"
#include "results/run_folder.h"
#include "results/run_results.h"

namespace limbeck {
namespace {

/// Of a stage, by split; a number of one seed is its own mean.
Named<Spreads> numbers_of(const StageResult& stage) {
  Named<Spreads> numbers;
  for (const auto& [split, evaluation] : stage.evaluations) {
    const Spreads* over_seeds = stage.over_seeds ? stage.over_seeds->find(split) : nullptr;
    Spreads& spreads = numbers[split];
    for (const std::string& metric : evaluation_metrics()) {
      const Spread* known = over_seeds == nullptr ? nullptr : over_seeds->spread(metric);
      if (known != nullptr)
        spreads.set(metric, *known);
      else if (const auto number = evaluation.number(metric))
        spreads.set(metric, spread_of({*number}));
    }
  }
  return numbers;
}

}  // namespace

fs::path SweepFolder::recipe(const std::vector<SweepRecipe>& recipes, size_t number) const {
  if (recipes.size() == 1) return out_ / "recipe.yaml";
  return out_ / "recipes" / (recipes.at(number).name() + ".yaml");
}

void SweepFolder::note_results(const SweepPoint& point, const std::string& stage, SweepPointResult& entry) const {
  const RunResults found = read_results(run(point));
  const StageResult* of_stage = found.stage(stage);
  if (of_stage == nullptr) throw Error(fmt::format("'{}' has no stage '{}'", results(point).string(), stage));
  entry.results = numbers_of(*of_stage);
  entry.results_file = fingerprint_of_file(results(point));
  entry.status = kDone;
}

bool SweepFolder::are_results_of(const SweepPoint& point, const SweepPointResult& entry) const {
  return entry.status == kDone && entry.fingerprint == point.fingerprint && entry.results_file &&
         fs::exists(results(point)) && *entry.results_file == fingerprint_of_file(results(point)) &&
         RunFolder(run(point)).stages_are_whole();
}

std::optional<SweepPointResult> SweepFolder::told_result(const SweepPoint& point) const {
  if (!fs::exists(told(point))) return std::nullopt;
  try {
    auto entry = from_json<SweepPointResult>(read_json(told(point)));
    const bool is_failed = entry.status == kFailed && entry.fingerprint == point.fingerprint;
    if (is_failed || are_results_of(point, entry)) return entry;
  } catch (const Error&) {
    // The point will be run again.
  }
  return std::nullopt;
}

std::vector<std::string> SweepFolder::told_runs() const {
  std::vector<std::string> runs;
  std::error_code problem;
  for (fs::directory_iterator entry(out_ / "points", problem), end; !problem && entry != end; entry.increment(problem))
    if (entry->path().extension() == ".json") runs.push_back("points/" + entry->path().stem().string());
  return runs;
}

void SweepFolder::require_same(const SweepPlan& plan, const SweepResults& known) const {
  const auto refuse = [&](const std::string& difference) {
    throw Error(ErrorKind::usage,
                fmt::format("the sweep in '{}' is another: {}; expected the command that started it, and --help-along",
                            out_.string(), difference));
  };
  if (known.points.size() != plan.points.size())
    refuse(fmt::format("it has {} points, this command {}", known.points.size(), plan.points.size()));
  if (known.seeds != plan.seeds) refuse("it has other seeds");
  if (known.stage != plan.stage)
    refuse(fmt::format("it shows the stage '{}', this command '{}'", known.stage, plan.stage));
  for (size_t i = 0; i < plan.points.size(); ++i)
    if (known.points[i].fingerprint != plan.points[i].fingerprint)
      refuse(fmt::format("its point {} has other settings, data or device", i + 1));
}

}  // namespace limbeck
