// limbeck sweep RECIPE --over KEY=VALUES …
#include <fmt/core.h>
#include <torch/cuda.h>

#include "app/commands.h"
#include "core/files.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/text.h"
#include "experiment/components.h"
#include "experiment/sweep.h"
#include "experiment/sweep_runner.h"
#include "report/reported_sweep.h"
#include "report/sweep_report.h"

namespace limbeck {
namespace {

struct SweepFlags {
  SweepRequest request;
  std::string out;
  std::vector<std::string> reuse;
  int threads = 0;
  int jobs = 0;
  bool tensorboard = false;
  bool cuda_graphs = false;
  bool force = false;
};

/// "point 3 of 12 (temperature 4): 81 errors on validation, 2 min 10 s; about 9 min left"
void tell(const SweepPlan& plan, const SweepPointEnded& ended) {
  const ReportedSweep sweep =
      parse_reported_sweep({{"keys", plan.keys}, {"metric", plan.metric}, {"points", Json::array({ended.entry})}});
  const ReportedSweep::Point& point = sweep.points.front();
  const std::string split = plan.chosen_on.value_or("test");
  const MetricFormat format = metric_format(plan.metric);
  std::string outcome = "failed: " + point.message;
  if (const ReportedNumber* number = point.on(split))
    outcome = format.counts ? fmt::format("{} {} on {}", format.formatted(*number), format.label, split)
                            : fmt::format("{} {} on {}", format.label, format.formatted(*number), split);
  else if (point.status == "done")
    outcome = fmt::format("no {} on {}", format.label, split);
  print_error("point {} of {} ({}): {}, {}{}\n", ended.point + 1, plan.points.size(), sweep.settings(point),
             outcome, duration(ended.seconds),
             ended.seconds_left ? fmt::format("; about {} left", duration(*ended.seconds_left)) : "");
}

void sweep(SweepFlags flags, const OutputOptions& output) {
  flags.request.text = read_file(flags.request.file);
  const SweepPlan plan = plan_sweep(flags.request, components());
  const fs::path out = flags.out.empty() ? fs::path("runs") / (plan.name + "-sweep") : fs::path(flags.out);
  check_output_folder(out, {.names = {"sweep.json", "sweep.svg", "sweep.html", "recipe.yaml", "points"}, .proof = ".lock", .kind = "sweep", .force = flags.force});
  const std::string& device = flags.request.device;
  // Runs on one GPU would share its memory.
  for (const std::string& run : flags.reuse)
    if (!fs::is_directory(run)) throw Error(ErrorKind::usage, fmt::format("there is no run folder '{}' to reuse stages of", run));
  const bool one_at_a_time = flags.jobs == 0 && device != "cpu" && torch::cuda::is_available();
  const SweepRunOptions options{.out = out,
                                .recipe = flags.request.text,
                                .data = flags.request.data,
                                .device = device,
                                .reuse = flags.reuse,
                                .cuda_graphs = flags.cuda_graphs,
                                .threads = flags.threads,
                                .tensorboard = flags.tensorboard,
                                .jobs = one_at_a_time ? 1 : flags.jobs};
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
  for (const Json& point : results["points"]) failed += point["status"] == "failed" ? 1 : 0;
  if (failed > 0)
    throw Error(fmt::format("{} of {} points failed; {} says why, the same command tries them again", failed,
                            plan.points.size(), (out / "sweep.json").string()));
}

}  // namespace

void add_sweep(Program& program) {
  CLI::App* command =
      add_command(program, "sweep", "Run a recipe at many points: every combination of values, or random ones");
  auto flags = std::make_shared<SweepFlags>();
  SweepRequest& request = flags->request;
  command->add_option("recipe", request.file, "YAML file")->required()->type_name("RECIPE");
  command->add_option("--over", request.over, "values of a key, as lists or ranges; may be repeated")
      ->required()
      ->type_name("KEY=V1,V2,…")
      ->allow_extra_args(false);
  command->add_option("--random", request.random, "draw so many points instead of running every combination")
      ->check(CLI::Range(int64_t{1}, int64_t{9999}))
      ->type_name("N");
  command->add_option("--out", flags->out, "folder for everything the sweep leaves (default: runs/NAME-sweep)")
      ->type_name("DIR");
  command->add_flag("--force", flags->force, "take the folder although it holds other files under the names that a sweep writes");
  command->add_option("--reuse", flags->reuse, "take over finished stages of another run where they are the same; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_option("--data", request.data, "where the data sets are (default: $LIMBECK_DATA, then the cache folder)")
      ->type_name("DIR");
  command->add_option("--set", request.settings, "change one value of the recipe at all points; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--seed", request.seed, "seed of all randomness, that of --random among it (default: the recipe's)")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 52));
  command->add_option("--seeds", request.seeds, "run so many seeds at every point, from --seed on")
      ->check(CLI::Range(1, 1000));
  command->add_option("--stage", request.stage, "whose results are told (default: the last)")->type_name("NAME");
  command->add_option("--metric", request.metric, "what is told of it")->capture_default_str()->type_name("KEY");
  command->add_option("--device", request.device, "cpu, cuda or auto")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->capture_default_str();
  command->add_flag("--cuda-graphs", flags->cuda_graphs, "on a CUDA device, record the passes of training once and launch them as one");
  command->add_option("--jobs", flags->jobs, "runs at a time (default: as many as processor threads; on a GPU one)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--threads", flags->threads, "processor threads of all runs together (default: all)")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--tensorboard", flags->tensorboard, "every run writes event files: tensorboard --logdir OUT");
  command->callback([=, &program] { sweep(*flags, program.output); });
  command->footer(
      "--over KEY=1,2,4           a list; values are YAML\n"
      "--over A,B=[9,1],[5,5]     keys that move together\n"
      "--over KEY=1..20           with --random: uniform; whole numbers where the key takes no others\n"
      "--over KEY=1e-4..1e-1:log  with --random: uniform in the logarithm\n\n"
      "Stages that points have in common, such as the teacher, are trained once. A sweep that was stopped goes on when "
      "the same "
      "command is given again; points that are done are kept when the lists change.\n\n"
      "Example:  limbeck sweep my.yaml --over stages.distilled.loss.soft_targets.temperature=1,2,4,8 --seeds 3");
}

}  // namespace limbeck
