#include "serve/live_page.h"

#include <algorithm>

#include "core/json.h"
#include "report/page/page.h"
#include "report/page/sections.h"
#include "results/keys.h"

namespace limbeck {
namespace {

constexpr Section kSections[] = {{"tradeoff", "What it costs", tradeoff_section},
                                 {"training", "Training", training_section},
                                 {"results", "Results", results_section},
                                 {"figures", "Figures", figures_section}};

/// The numbers of one stage and split over the seeds that have them.
void combine(const std::vector<const ReportedStage*>& seeds, ReportedEvaluation& evaluation) {
  for (auto& [key, number] : evaluation.measures) {
    std::vector<double> values;
    for (const ReportedStage* seed : seeds)
      if (const Spread* of_seed = seed->measure(evaluation.split, key)) values.push_back(of_seed->mean);
    number = spread_of(std::move(values));
  }
}

/// The run that has come furthest, its numbers replaced by means.
ReportedRun combined(std::vector<ReportedRun> runs) {
  const auto furthest = std::max_element(runs.begin(), runs.end(), [](const auto& left, const auto& right) {
    return left.stages.size() < right.stages.size();
  });
  ReportedRun all = *furthest;
  all.seeds.clear();
  all.plots.clear();
  for (const ReportedRun& run : runs) all.seeds.insert(all.seeds.end(), run.seeds.begin(), run.seeds.end());
  for (ReportedStage& stage : all.stages) {
    std::vector<const ReportedStage*> seeds;
    for (const ReportedRun& run : runs)
      if (const ReportedStage* of_seed = run.stage(stage.name)) seeds.push_back(of_seed);
    for (ReportedEvaluation& evaluation : stage.evaluations) combine(seeds, evaluation);
  }
  return all;
}

ReportedRun results_so_far(const ServedRun& run) {
  if (run.file("results.json")) return read_reported_run(run.folder());
  std::vector<ReportedRun> seeds;
  for (const SeedFolder& seed : run.seeds())
    if (run.file(seed.prefix + "results.json")) seeds.push_back(read_reported_run(seed.folder));
  return seeds.empty() ? ReportedRun{} : combined(std::move(seeds));
}

ReportedStage planned(const StageProgress& progress, const std::optional<Recipe>& recipe) {
  ReportedStage stage;
  stage.name = progress.name;
  const StageRecipe* found = recipe ? recipe->stage(progress.name) : nullptr;
  if (found == nullptr) return stage;
  stage.network = found->network;
  if (!found->teachers.empty()) stage.teacher = found->teachers.front();
  return stage;
}

Json optional(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json stage_json(const StageProgress& stage) {
  return {{keys::kName, stage.name},
          {"state", to_text(stage.state)},
          {"parts", stage.parts},
          {"parts_done", stage.parts_done},
          {"share", stage.share},
          {"under_way", stage.under_way},
          {keys::kEpoch, stage.epoch},
          {keys::kEpochs, stage.epochs},
          {"seconds_left", optional(stage.seconds_left)},
          {keys::kExamplesPerSecond, optional(stage.examples_per_second)}};
}

}  // namespace

ReportedRun live_results(const ServedRun& run, const RunProgress& progress, const std::optional<Recipe>& recipe) {
  ReportedRun results = results_so_far(run);
  if (results.name.empty()) results.name = recipe ? recipe->name : run.id();
  if (results.seeds.empty()) {
    for (const SeedFolder& seed : run.seeds())
      if (seed.seed) results.seeds.push_back(*seed.seed);
    if (results.seeds.empty() && recipe) results.seeds.push_back(recipe->seed);
  }
  std::vector<ReportedStage> stages;
  for (const StageProgress& of_stage : progress.stages) {
    const ReportedStage* known = results.stage(of_stage.name);
    stages.push_back(known != nullptr ? *known : planned(of_stage, recipe));
    // How far it is, the progress says; here only that its numbers will not become more.
    if (of_stage.state != StageState::done || known == nullptr)
      stages.back().status = of_stage.state == StageState::stopped ? to_text(of_stage.state) : "";
  }
  for (const ReportedStage& stage : results.stages) {
    const auto same = [&](const ReportedStage& other) { return other.name == stage.name; };
    if (std::none_of(stages.begin(), stages.end(), same)) stages.push_back(stage);
  }
  results.stages = std::move(stages);
  return results;
}

Json live_page(const ServedRun& run) {
  run.check_contained();
  const std::optional<Recipe> recipe = recipe_of(run);
  const RunProgress progress = run_progress(run, recipe);
  const Page page = read_page(run.folder(), live_results(run, progress, recipe));
  Json json = {{"id", run.id()},
               {keys::kName, page.run.name},
               {"state", to_text(progress.state)},
               {"report", run.file("results.json").has_value()}};
  json["stages"] = Json::array();
  for (const StageProgress& stage : progress.stages) json["stages"].push_back(stage_json(stage));
  json["sections"] = Json::array({{{"id", "head"}, {keys::kName, ""}, {"html", header_of(page)}}});
  for (const Section& section : kSections)
    if (const std::string html = section.html(page); !html.empty())
      json["sections"].push_back({{"id", section.id}, {keys::kName, section.name}, {"html", html}});
  return json;
}

}  // namespace limbeck
