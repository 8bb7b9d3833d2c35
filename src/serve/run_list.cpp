#include "serve/run_list.h"

#include <fmt/chrono.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "core/version.h"
#include "report/recovery.h"
#include "report/sweep_report.h"
#include "results/keys.h"
#include "results/reported_sweep.h"
#include "serve/live_page.h"
#include "serve/run_progress.h"

namespace limbeck {
namespace {

/// When the file was written: "2024-11-21T21:02:43Z".
Json time_of(const std::optional<fs::path>& file) {
  struct stat found {};
  if (!file || ::stat(file->c_str(), &found) != 0) return nullptr;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(found.st_mtime));
}

/// The stage that a run is about: the last that was taught; of a run without teachers the last with an accuracy.
const ReportedStage* main_stage(const ReportedRun& run, const std::string& split) {
  const ReportedStage* last = nullptr;
  for (const ReportedStage& stage : run.stages) {
    if (stage.measure(split, keys::kAccuracy) == nullptr) continue;
    if (last == nullptr || !stage.teacher.empty() || last->teacher.empty()) last = &stage;
  }
  return last;
}

void add_results(const ReportedRun& results, Json& json) {
  const std::string split = results.main_split();
  json["data"] = results.data_source.empty() ? Json() : Json(results.data_source);
  json[keys::kSeeds] = results.seeds.size();
  double seconds = 0;
  for (const ReportedStage& stage : results.stages)
    seconds += stage.seconds.value_or(0) * static_cast<double>(std::max<size_t>(1, results.seeds.size()));
  if (seconds > 0) json[keys::kSeconds] = seconds;
  for (const auto& [key, value] : results.environment)
    if (key == keys::kDate) json[keys::kDate] = value;
  const ReportedStage* stage = main_stage(results, split);
  if (stage == nullptr) return;
  const Spread& accuracy = *stage->measure(split, keys::kAccuracy);
  json[keys::kStage] = stage->name;
  json[keys::kAccuracy] = accuracy.mean;
  json["accuracy_text"] = metric_format(keys::kAccuracy).format(accuracy);
  if (stage->parameters) json[keys::kParameters] = *stage->parameters;
  for (const Recovery& recovery : recoveries(results, split))
    if (const auto share = recovery.share(); share && recovery.student == stage) json["kept"] = *share;
}

Json run_json(const ServedRun& run) {
  Json json = {{"id", run.id()},
               {keys::kName, run.id()},
               {"state", to_text(StageState::stopped)},
               {keys::kDate, time_of(run.file("recipe.yaml"))}};
  try {
    run.check_contained();
    const std::optional<Recipe> recipe = recipe_of(run);
    const RunProgress progress = run_progress(run, recipe);
    if (recipe) json[keys::kName] = recipe->name;
    json["state"] = to_text(progress.state);
    double share = 0;
    for (const StageProgress& stage : progress.stages)
      share += stage.share / static_cast<double>(progress.stages.size());
    json["stages"] = progress.stages.size();
    json["stages_done"] = std::count_if(progress.stages.begin(), progress.stages.end(),
                                        [](const StageProgress& stage) { return stage.state == StageState::done; });
    json["share"] = share;
    add_results(live_results(run, progress, recipe), json);
  } catch (const std::exception& problem) {
    json["trouble"] = problem.what();
  }
  return json;
}

Json sweep_json(const ServedRun& run) {
  Json json = {{"id", run.id()},
               {keys::kName, run.id()},
               {"state", to_text(StageState::stopped)},
               {keys::kDate, time_of(run.file("sweep.json"))}};
  try {
    if (!run.file("sweep.json")) throw Error("its sweep.json leads out of its folder");
    const ReportedSweep sweep = read_reported_sweep(run.folder());
    const auto count = [&](const char* status) {
      return std::count_if(sweep.points.begin(), sweep.points.end(),
                           [&](const ReportedSweep::Point& point) { return point.status == status; });
    };
    const bool pending = count("pending") > 0;
    json[keys::kName] = sweep.name;
    json["state"] = to_text(is_held(run.folder()) ? StageState::training
                            : pending             ? StageState::stopped
                                                  : StageState::done);
    json[keys::kPoints] = sweep.points.size();
    json["points_done"] = count("done");
    json["points_failed"] = count("failed");
    json["over"] = sweep.names;
    json[keys::kStage] = sweep.stage;
    json[keys::kSeeds] = sweep.seeds.size();
    json["best"] = sweep_judgement(sweep);
  } catch (const std::exception& problem) {
    json["trouble"] = problem.what();
  }
  return json;
}

}  // namespace

Json runs_json(const ServedRuns& runs) {
  Json json = {{"version", library_version()}, {"runs", Json::array()}, {"sweeps", Json::array()}};
  for (const ServedRun& run : runs.all()) json["runs"].push_back(run_json(run));
  for (const ServedRun& sweep : runs.sweeps()) json["sweeps"].push_back(sweep_json(sweep));
  return json;
}

}  // namespace limbeck
