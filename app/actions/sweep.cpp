#include <fmt/core.h>
#include <torch/cuda.h>

#include "app/actions/all.h"
#include "app/commands/sweep.h"
#include "app/signals.h"
#include "core/files.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/text.h"
#include "experiment/components.h"
#include "report/sweep_report.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/reported_sweep.h"
#include "sweep/sweep.h"
#include "sweep/sweep_runner.h"

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
              duration(ended.seconds),
              ended.seconds_left ? fmt::format("; about {} left", duration(*ended.seconds_left)) : "");
}

}  // namespace

void sweep(SweepFlags flags, const OutputOptions& output) {
  const SweepRequest request{.text = read_file(flags.recipe),
                             .file = flags.recipe,
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
  check_output_folder(out, {.names = {"sweep.json", "sweep.svg", "sweep.html", "recipe.yaml", "points"},
                            .proof = ".lock",
                            .kind = "sweep",
                            .force = flags.force});
  // Runs on one GPU would share its memory.
  for (const std::string& run : flags.reuse)
    if (!fs::is_directory(run))
      throw Error(ErrorKind::usage, fmt::format("there is no run folder '{}' to reuse stages of", run));
  const bool one_at_a_time = flags.jobs == 0 && flags.device != "cpu" && torch::cuda::is_available();
  const SweepRunOptions options{.out = out,
                                .recipe = request.text,
                                .data = flags.data,
                                .device = flags.device,
                                .reuse = flags.reuse,
                                .cuda_graphs = flags.cuda_graphs,
                                .threads = flags.threads,
                                .tensorboard = flags.tensorboard,
                                .jobs = one_at_a_time ? 1 : flags.jobs,
                                .stop = stop_token()};
  const auto started = [&](size_t done, size_t points) {
    if (!output.quiet && done > 0) print_error("{} of {} points done before, unchanged\n", done, points);
  };
  const auto ended = [&](const SweepPointEnded& point) {
    if (!output.quiet) tell(plan, point);
  };
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
