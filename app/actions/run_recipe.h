#pragma once
// Runs a recipe with the options given by flags, for `run`, `distill` and `store`.
#include <functional>
#include <stop_token>
#include <string>

#include "app/output.h"
#include "app/run_flags.h"
#include "experiment/experiment.h"
#include "limbeck/run.h"

namespace limbeck {

/// Creates the experiment for these flags; `events` must outlive it.
std::unique_ptr<Experiment> make_experiment(Recipe recipe, const RunFlags& flags, const EventBus& events,
                                            RunRole role = RunRole::runs);
Recipe read_recipe(const std::string& file, const RunFlags& flags);

struct RunOutcome {
  fs::path out;  ///< the run's folder
  Json results;  ///< content of results.json; null on ranks that do not write it
};

/// Runs the recipe with progress output, and prints the table of stages, and with `deployment` also the table of
/// inference costs. Errors are thrown.
RunOutcome run_and_print(const RecipeText& text, const RunFlags& flags, const OutputOptions& output,
                         bool deployment = false);

/// Runs the recipe in this process as `run --quiet` would, but says everything to `log`.
void run_into_log(const RecipeText& text, const RunFlags& flags, const std::stop_token& stop,
                  const std::function<void(const std::string& line)>& log);

}  // namespace limbeck
