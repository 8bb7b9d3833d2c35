#pragma once
// Runs a recipe as flags say, for `run`, `distill` and `store`.
#include "app/output.h"
#include "app/run_flags.h"
#include "experiment/experiment.h"

namespace limbeck {

/// The experiment that the flags ask for; `events` outlives it.
std::unique_ptr<Experiment> make_experiment(Recipe recipe, const RunFlags& flags, const EventBus& events);
Recipe read_recipe(const std::string& file, const RunFlags& flags);

struct RunOutcome {
  fs::path out;  ///< the run's folder
  Json results;  ///< what results.json holds
};

/// Parses the recipe, runs it with progress, writes the report, prints the table: of stages, and with `deployment` also
/// of what each network costs where it is used. Errors are thrown.
RunOutcome run_recipe(const std::string& text, const std::string& file, const RunFlags& flags,
                      const OutputOptions& output, bool deployment = false);

}  // namespace limbeck
