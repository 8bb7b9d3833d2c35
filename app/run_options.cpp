#include "app/run_options.h"

#include <fmt/core.h>

#include "app/deployment_table.h"
#include "app/progress.h"
#include "core/json.h"
#include "experiment/components.h"
#include "report/html_report.h"
#include "report/summary.h"
#include "report/svg_plot.h"
#include "report/tensorboard.h"

namespace limbeck {
namespace {

DeviceChoice device_choice(const std::string& name) {
  if (name == "cpu") return DeviceChoice::cpu;
  return name == "cuda" ? DeviceChoice::cuda : DeviceChoice::automatic;
}

/// The seeds to run: the recipe's, the one given, or so many from there on.
std::vector<int64_t> seeds_of(const RunFlags& flags, const Recipe& recipe) {
  const int64_t first = flags.seed >= 0 ? flags.seed : recipe.seed;
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < std::max<int64_t>(1, flags.seeds); ++i) seeds.push_back(first + i);
  return seeds;
}

/// Where the run goes.
fs::path out_of(const RunFlags& flags, const Recipe& recipe) {
  return flags.out.empty() ? fs::path("runs") / recipe.name : fs::path(flags.out);
}

/// Who sees what happens: the progress line, and TensorBoard where it is asked for.
EventBus observers(ProgressPrinter& progress, const RunFlags& flags, const Recipe& recipe) {
  EventBus events;
  events.subscribe([&progress](const Event& event) { progress(event); });
  if (flags.tensorboard)
    events.subscribe([writer = std::make_shared<TensorBoardWriter>(out_of(flags, recipe))](const Event& event) { (*writer)(event); });
  return events;
}

/// Throws Error where the run would put its own recipe, every default spelled out, in the place of the one that it reads.
void check_recipe_stays(const std::string& text, const std::string& file, const fs::path& out, const Recipe& recipe) {
  std::error_code ignored;
  if (!fs::equivalent(file, out / "recipe.yaml", ignored) || text == to_yaml(resolved(recipe))) return;
  throw Error(ErrorKind::usage, fmt::format("the run would write its own recipe, with every default spelled out, over '{}', which it reads; give another "
                                            "--out or another name, or --force to write over it", file));
}

}  // namespace

void RunFlags::add_to(CLI::App& app, const Program& program) {
  constexpr const char *kFolders = "Folders", *kChanges = "What is run", *kMachine = "Machine";
  for (char** argument = program.arguments; argument != nullptr && *argument != nullptr; ++argument) command.emplace_back(*argument);
  app.add_option("--out", out, "folder for everything the run leaves (default: runs/NAME)")->type_name("DIR")->group(kFolders);
  app.add_flag("--force", force, "take the folder although it holds other files under the names that a run writes")->group(kFolders);
  app.add_option("--data", data, "where the data sets are (default: $LIMBECK_DATA, then the cache folder)")->type_name("DIR")->group(kFolders);
  app.add_option("--reuse", reuse, "take over finished stages of another run where they are the same; may be repeated")
      ->type_name("DIR")->allow_extra_args(false)->group(kFolders);
  app.add_flag("--tensorboard", tensorboard, "also write event files: tensorboard --logdir OUT/tensorboard")->group(kFolders);
  app.add_option("--set", settings, "change one value of the recipe, e.g. stages.distilled.epochs=10; may be repeated")
      ->type_name("KEY=VALUE")->allow_extra_args(false)->group(kChanges);
  app.add_option("--seed", seed, "seed of all randomness (default: the recipe's)")->check(CLI::Range(int64_t{0}, int64_t{1} << 52))
      ->option_text("N")->group(kChanges);
  app.add_option("--seeds", seeds, "run so many seeds, from --seed on, and report mean and deviation")->check(CLI::Range(1, 1000))
      ->option_text("N")->group(kChanges);
  app.add_option("--device", device, "cpu, cuda or auto")->check(CLI::IsMember({"cpu", "cuda", "auto"}))->option_text("NAME=auto")->group(kMachine);
  app.add_flag("--cuda-graphs", cuda_graphs, "on a CUDA device, record the passes of training once and launch them as one")->group(kMachine);
  app.add_option("--threads", threads, "processor threads (default: all)")->check(CLI::Range(1, 1024))->option_text("N")->group(kMachine);
}

Recipe read_recipe(const std::string& file, const RunFlags& flags) {
  return parse_recipe(read_file(file), file, flags.settings, components());
}

RunOptions options_of(const RunFlags& flags, const Recipe& recipe) {
  return {.out = out_of(flags, recipe), .data = flags.data, .device = device_choice(flags.device), .cuda_graphs = flags.cuda_graphs, .threads = flags.threads,
                     .seeds = seeds_of(flags, recipe), .reuse = {flags.reuse.begin(), flags.reuse.end()}, .force = flags.force, .command = flags.command};
}

std::unique_ptr<Experiment> make_experiment(Recipe recipe, const RunFlags& flags, const EventBus& events) {
  RunOptions options = options_of(flags, recipe);
  return std::make_unique<Experiment>(std::move(recipe), std::move(options), events);
}

void help_run(const std::string& file, const RunFlags& flags, const OutputOptions& output) {
  const Recipe recipe = read_recipe(file, flags);
  ProgressPrinter progress(output);
  const EventBus events = observers(progress, flags, recipe);
  RunOptions options = options_of(flags, recipe);
  options.helps = true;
  const int64_t trained = Experiment(recipe, options, events).help();
  if (output.json) print_out("{}\n", Json{{"trained", trained}}.dump());
  else print_out("{} member{} trained; the others are done, taken by another process, or wait for stages before them\n", trained, trained == 1 ? "" : "s");
}

RunOutcome run_recipe(const std::string& text, const std::string& file, const RunFlags& flags, const OutputOptions& output, bool deployment) {
  const Recipe recipe = parse_recipe(text, file, flags.settings, components());
  const fs::path out = out_of(flags, recipe);
  if (!flags.force) check_recipe_stays(text, file, out, recipe);
  Json results;
  {
    ProgressPrinter progress(output);
    const EventBus events = observers(progress, flags, recipe);
    RunOptions options = options_of(flags, recipe);
    options.deployment = deployment;
    results = Experiment(recipe, options, events).run();
  }
  write_html_report(out);
  write_plots(out);
  if (output.json) print_out("{}\n", results.dump(1));
  else output.print(fmt::format("\n{}\n{}Report: {}\n", terminal_summary(results, output.width()), deployment_table(results, output.width()),
                                (out / "report.html").string()));
  return {out, std::move(results)};
}

}  // namespace limbeck
