#include <fmt/core.h>
#include <torch/cuda.h>

#include <algorithm>

#include "app/actions/all.h"
#include "app/actions/run_recipe.h"
#include "app/commands/sweep.h"
#include "app/signals.h"
#include "core/files.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/text.h"
#include "experiment/components.h"
#include "experiment/device.h"
#include "experiment/side_by_side.h"
#include "kernels/device_turns.h"
#include "report/sweep_report.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/reported_sweep.h"
#include "sweep/sweep.h"
#include "sweep/sweep_runner.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

/// "point 3 of 12 (temperature 4): 81 errors on validation, 2 min 10 s; about 9 min left"
void tell(const SweepPlan& plan, const SweepPointEnded& ended) {
  SweepResults results;
  results.keys = plan.keys;
  results.metric = plan.metric;
  results.points = {from_json<SweepPointResult>(ended.entry)};
  const ReportedSweep sweep = reported_sweep(results);
  const ReportedSweep::Point& point = sweep.points.front();
  const std::string split = plan.chosen_on.value_or(keys::kTest);
  const MetricFormat format = metric_format(plan.metric);
  std::string outcome = "failed: " + point.message;
  if (const Spread* number = point.on(split))
    outcome = format.counts ? fmt::format("{} {} on {}", format.format(*number), format.label, split)
                            : fmt::format("{} {} on {}", format.label, format.format(*number), split);
  else if (point.status == "done")
    outcome = fmt::format("no {} on {}", format.label, split);
  print_error("point {} of {} ({}): {}, {}{}\n", ended.point + 1, plan.points.size(), sweep.settings(point), outcome,
              ended.seconds ? duration(*ended.seconds) : "by another process",
              ended.seconds_left ? fmt::format("; about {} left", duration(*ended.seconds_left)) : "");
}

/// Whether a stage of the recipe writes a store, which may be that of other points too.
bool writes_store(const Recipe& recipe, const std::vector<int64_t>& seeds) {
  for (const StageRecipe& stage : recipe.stages)
    for (const int64_t seed : seeds)
      if (!unsealed_store(stage.teacher, static_cast<uint64_t>(seed)).empty()) return true;
  return false;
}

/// Whether the points share a GPU in this process.
bool share_device(const SweepFlags& flags, const SweepPlan& plan, const SweepRequest& request) {
  if (flags.jobs > 0 || flags.device == "cpu" || !torch::cuda::is_available()) return false;
  return std::all_of(plan.points.begin(), plan.points.end(), [&](const SweepPoint& point) {
    std::vector<std::string> settings = plan.settings;
    settings.insert(settings.end(), point.settings.begin(), point.settings.end());
    const SweepRecipe& given = request.recipes[point.recipe];
    const Recipe recipe = parse_recipe(given.text, given.file, settings, components());
    return may_run_side_by_side(recipe) && !writes_store(recipe, plan.seeds);
  });
}

/// Runs a point in this process.
void run_point(const SweepFlags& flags, const PointRequest& point, const std::stop_token& stop, const PointLog& log) {
  const RunFlags run{.out = point.out.string(),
                     .data = flags.data,
                     .reuse = point.reuse,
                     .seeds = static_cast<int64_t>(point.seeds.size()),
                     .device = flags.device,
                     .cuda_graphs = flags.cuda_graphs,
                     .threads = flags.threads,
                     .tensorboard = flags.tensorboard,
                     .command = point.command};
  const RecipeText text{.text = read_file(point.recipe), .file = point.recipe.string(), .settings = point.settings};
  use_device(device_of(DeviceChoice::automatic), [&] { run_into_log(text, run, stop, log); });
}

/// Runs points of a sweep beside the process that leads it.
void help(const SweepPlan& plan, const SweepRunOptions& options, const SweepObserver& observer,
          const OutputOptions& output) {
  const SweepHelp help = help_sweep(plan, options, observer);
  if (output.json)
    print_out("{}\n", Json{{"ran", help.ran}, {"failed", help.failed}}.dump());
  else
    print_out("{} point{} run; the others are done, or other processes run them\n", help.ran, help.ran == 1 ? "" : "s");
  if (help.failed > 0)
    throw Error(fmt::format("{} of {} points failed; {} will say why", help.failed, help.ran,
                            (options.out / "sweep.json").string()));
}

}  // namespace

void sweep(SweepFlags flags, const OutputOptions& output) {
  std::vector<SweepRecipe> recipes;
  for (const std::string& file : flags.recipes) recipes.push_back({read_file(file), file});
  const SweepRequest request{.recipes = recipes,
                             .settings = flags.settings,
                             .over = flags.over,
                             .random = flags.random,
                             .seed = flags.seed,
                             .seeds = flags.seeds,
                             .stage = flags.stage,
                             .metric = flags.metric,
                             .data = flags.data,
                             .device = flags.device};
  const SweepPlan plan = plan_sweep(request, components());
  const fs::path out = flags.out.empty() ? fs::path("runs") / (plan.name + "-sweep") : fs::path(flags.out);
  check_output_folder(out, {.names = {"sweep.json", "sweep.svg", "sweep.html", "recipe.yaml", "recipes", "points"},
                            .proof = ".lock",
                            .kind = "sweep",
                            .force = flags.force});
  for (const std::string& run : flags.reuse)
    if (!fs::is_directory(run))
      throw Error(ErrorKind::usage, fmt::format("there is no run folder '{}' to reuse stages of", run));
  const bool on_gpu = flags.device != "cpu" && torch::cuda::is_available();
  const bool shares = share_device(flags, plan, request);
  SweepRunOptions options{.out = out,
                          .recipes = recipes,
                          .data = flags.data,
                          .device = flags.device,
                          .reuse = flags.reuse,
                          .cuda_graphs = flags.cuda_graphs,
                          .threads = flags.threads,
                          .tensorboard = flags.tensorboard,
                          .jobs = shares                      ? DeviceUse::kMost
                                  : on_gpu && flags.jobs == 0 ? 1  // processes would not share its memory
                                                              : flags.jobs,
                          .stop = stop_token()};
  if (shares)
    options.run_point = [&](const PointRequest& point, const std::stop_token& stop, const PointLog& log) {
      run_point(flags, point, stop, log);
    };
  const auto started = [&](size_t done, size_t points) {
    if (output.quiet || done == 0 || flags.helps_along) return;
    print_error("{} of {} points done before, unchanged\n", done, points);
  };
  const auto ended = [&](const SweepPointEnded& point) {
    if (!output.quiet) tell(plan, point);
  };
  if (flags.helps_along) return help(plan, options, {started, ended}, output);
  const Json results = run_sweep(plan, options, {started, ended});
  write_sweep_report(out);
  if (output.json)
    print_out("{}\n", results.dump(1));
  else
    print_out("\n{}\nReport: {}\n", sweep_table(results), (out / "sweep.html").string());

  size_t failed = 0;
  const auto points = from_json<SweepResults>(results).points;
  for (const SweepPointResult& point : points) failed += point.status == "failed" ? 1 : 0;
  if (failed > 0)
    throw Error(fmt::format("{} of {} points failed; {} says why, the same command tries them again", failed,
                            plan.points.size(), (out / "sweep.json").string()));
}

}  // namespace limbeck
