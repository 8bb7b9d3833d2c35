#include "app/actions/run_recipe.h"

#include <fmt/core.h>

#include "app/actions/deployment_table.h"
#include "app/actions/progress.h"
#include "app/actions/run_settings.h"
#include "app/commands/run.h"
#include "core/json.h"
#include "experiment/components.h"
#include "ranks/launch.h"
#include "report/summary.h"
#include "report/tensorboard.h"
#include "results/binding.h"

namespace limbeck {
namespace {

/// Who sees what happens: whoever shows it, and TensorBoard where it is asked for.
EventBus observers(const Observer& show, const RunFlags& flags, const Recipe& recipe) {
  EventBus events;
  events.subscribe(show);
  if (flags.tensorboard)
    events.subscribe([writer = std::make_shared<TensorBoardWriter>(out_folder(flags, recipe))](const Event& event) {
      (*writer)(event);
    });
  return events;
}

/// Trains members of a run's ensembles and specialists beside it; see Experiment::help.
void help_run(const std::string& file, const RunFlags& flags, const OutputOptions& output) {
  const Recipe recipe = read_recipe(file, flags);
  ProgressPrinter progress(output);
  const EventBus events = observers([&](const Event& event) { progress(event); }, flags, recipe);
  const int64_t trained = Experiment(recipe, run_options(flags, recipe), events, RunRole::helps).help();
  if (output.json)
    print_out("{}\n", Json{{"trained", trained}}.dump());
  else
    print_out("{} member{} trained; the others are done, taken by another process, or wait for stages before them\n",
              trained, trained == 1 ? "" : "s");
}

}  // namespace

Recipe read_recipe(const std::string& file, const RunFlags& flags) {
  return parse_recipe(read_file(file), file, flags.settings, components());
}

std::unique_ptr<Experiment> make_experiment(Recipe recipe, const RunFlags& flags, const EventBus& events,
                                            RunRole role) {
  RunOptions options = run_options(flags, recipe);
  return std::make_unique<Experiment>(std::move(recipe), std::move(options), events, role);
}

RunOutcome run_and_print(const RecipeText& text, const RunFlags& flags, const OutputOptions& output, bool deployment) {
  const Recipe recipe = parse_recipe(text.text, text.file, text.settings, components());
  RunOptions options = run_options(flags, recipe);
  options.deployment = deployment;
  options.distributed = true;
  const std::optional<Launch> launch = launch_from(environment_of_process());
  if (launch && launch->rank > 0) {  // rank 0 shows the run and its results
    run_recipe(text, options);
    return {options.out, {}};
  }
  {
    ProgressPrinter progress(output);
    const EventBus events = observers([&](const Event& event) { progress(event); }, flags, recipe);
    run_recipe(text, options, [&](const Event& event) { events.emit(event); });
  }
  Json results = read_json(options.out / "results.json");
  if (output.json)
    print_out("{}\n", results.dump(1));
  else
    output.print(fmt::format("\n{}\n{}Report: {}\n", terminal_summary(results, output.width()),
                             deployment_table(from_json<RunResults>(results), output.width()),
                             (options.out / "report.html").string()));
  return {options.out, std::move(results)};
}

void run_into_log(const RecipeText& text, const RunFlags& flags, const std::stop_token& stop,
                  const std::function<void(const std::string& line)>& log) {
  const Recipe recipe = parse_recipe(text.text, text.file, text.settings, components());
  RunOptions options = run_options(flags, recipe);
  options.stop = stop;
  const auto show = [&](const Event& event) {
    const auto* notice = std::get_if<Notice>(&event);
    if (notice != nullptr && notice->weight == Notice::Weight::grave) log(notice->message);
  };
  const EventBus events = observers(show, flags, recipe);
  run_recipe(text, options, [&](const Event& event) { events.emit(event); });
  log(terminal_summary(read_json(options.out / "results.json"), Terminal::kUnlimited));
}

void run(RunCommand command, const OutputOptions& output) {
  if (command.helps_along)
    help_run(command.recipe, command.flags, output);
  else
    run_and_print({read_file(command.recipe), command.recipe, command.flags.settings}, command.flags, output);
}

}  // namespace limbeck
