#include "limbeck/run.h"

#include "api/guarded.h"
#include "core/files.h"
#include "core/json.h"
#include "core/nearest.h"
#include "core/process.h"
#include "experiment/components.h"
#include "experiment/device.h"
#include "experiment/experiment.h"
#include "experiment/rank_folder.h"
#include "ranks/ranks.h"
#include "report/html_report.h"
#include "report/plots/run_plots.h"
#include "results/run_results.h"

namespace limbeck {
namespace {

Recipe parse(const RecipeText& recipe) {
  return parse_recipe(recipe.text, recipe.file, recipe.settings, components());
}

/// Throws Error where the run would put its own recipe, every default spelled out, in the place of the one that it
/// reads.
void check_recipe_stays(const RecipeText& text, const fs::path& out, const Recipe& recipe) {
  std::error_code ignored;
  if (!fs::equivalent(text.file, out / "recipe.yaml", ignored) || text.text == to_yaml(resolve(recipe))) return;
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "the run would write its own recipe, with every default spelled out, over '{}', which it reads; give another "
          "--out or another name, or --force to write over it",
          text.file));
}

/// The numbers of an evaluation; neither those by class or member nor what is null.
std::map<std::string, double> numbers_of(const Metrics& metrics) {
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : metrics)
    if (const auto number = metrics.number(name)) numbers[name] = *number;
  return numbers;
}

StageSummary summary_of(const StageResult& result, const fs::path& folder) {
  StageSummary stage{.name = result.name, .status = result.status, .weights = {}, .evaluations = {}};
  if (result.weights) stage.weights = {folder / *result.weights};
  for (const std::string& file : result.weights_of_seeds) stage.weights.push_back(folder / file);
  for (const auto& [split, metrics] : result.evaluations) stage.evaluations[split] = numbers_of(metrics);
  return stage;
}

/// Runs the recipe as one of the ranks; the files that stay are rank 0's.
RunSummary run_on_rank(Ranks& ranks, Recipe recipe, RunOptions options, const EventBus& events) {
  try {
    const RankFolder folder(ranks, options.out);
    options.out = folder.path();
    options.force |= !ranks.writes();
    options.deployment &= ranks.writes();
    static const EventBus nobody;
    Experiment(std::move(recipe), options, ranks.writes() ? events : nobody, RunRole::runs, &ranks).run();
    if (ranks.writes()) {
      write_html_report(options.out);
      write_plots(options.out);
    }
    RunSummary summary = limbeck::summary_of(options.out);
    ranks.meet();
    return summary;
  } catch (const std::exception& error) {
    ranks.leave(error.what());
    throw;
  }
}

}  // namespace

RecipeText load_recipe(const fs::path& file) {
  return {.text = read_file(file), .file = file.string()};
}

std::string check_recipe(const RecipeText& recipe) {
  return guarded([&] { return to_yaml(resolve(parse(recipe))); });
}

double StageSummary::number(const std::string& split, const std::string& metric) const {
  std::vector<std::string> splits, metrics;
  for (const auto& [name, numbers] : evaluations) splits.push_back(name);
  const auto found = evaluations.find(split);
  if (found == evaluations.end())
    throw Error(fmt::format("stage '{}' was not evaluated on '{}', but on {}", name, split, quoted_list(splits)));
  if (const auto value = found->second.find(metric); value != found->second.end()) return value->second;
  for (const auto& [each, value] : found->second) metrics.push_back(each);
  throw Error(fmt::format("stage '{}' has no '{}' on '{}', but {}", name, metric, split, quoted_list(metrics)));
}

const StageSummary& RunSummary::stage(const std::string& name) const {
  std::vector<std::string> names;
  for (const StageSummary& stage : stages) {
    if (stage.name == name) return stage;
    names.push_back(stage.name);
  }
  throw Error(fmt::format("the run has no stage '{}', but {}", name, quoted_list(names)));
}

RunSummary run_recipe(const RecipeText& text, const RunOptions& options,
                      const std::function<void(const Event&)>& observer) {
  return guarded([&] {
    Recipe recipe = parse(text);
    RunOptions chosen = options;
    if (chosen.out.empty()) chosen.out = fs::path("runs") / recipe.name;
    if (!chosen.force) check_recipe_stays(text, chosen.out, recipe);
    EventBus events;
    if (observer) events.subscribe(observer);
    const Environment environment = environment_of_process();
    if (const auto launch = chosen.distributed ? launch_from(environment) : std::nullopt) {
      if (chosen.threads == 0) chosen.threads = threads_beside(launch->local_size);
      Ranks ranks(*launch, Ranks::times_from(environment));
      events.emit(Notice{
          fmt::format("{} processes train together, started by {}, {} on this host with {} thread{} each", launch->size,
                      launch->launcher, launch->local_size, chosen.threads, chosen.threads == 1 ? "" : "s")});
      return run_on_rank(ranks, std::move(recipe), std::move(chosen), events);
    }
    if (!has_wait_policy() && chosen.threads != 1)
      events.emit(
          Notice{"OMP_WAIT_POLICY is not set: training on several threads may be many times slower; call "
                 "limbeck::settle_process(argv) first in main, or set OMP_WAIT_POLICY=passive before the start"});
    Experiment(std::move(recipe), chosen, events).run();
    write_html_report(chosen.out);
    write_plots(chosen.out);
    return summary_of(chosen.out);
  });
}

RunSummary summary_of(const fs::path& run_folder) {
  const RunResults results = read_results(run_folder);
  RunSummary summary{.folder = run_folder, .stages = {}};
  for (const StageResult& stage : results.stages) summary.stages.push_back(summary_of(stage, run_folder));
  return summary;
}

}  // namespace limbeck
