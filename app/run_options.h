#pragma once
// The flags that say how a recipe runs, shared by `run` and `distill`.
#include "app/command.h"
#include "experiment/experiment.h"

namespace limbeck {

struct RunFlags {
  std::string out;
  std::string data;
  std::vector<std::string> settings;
  std::vector<std::string> reuse;
  int64_t seed = -1;   ///< −1: the recipe's
  int64_t seeds = 0;   ///< 0: one
  std::string device = "auto";
  bool cuda_graphs = false;
  int threads = 0;
  bool tensorboard = false;
  bool force = false;
  std::vector<std::string> command = {};  ///< the whole command line

  void add_to(CLI::App& app, const Program& program);
};

/// The experiment that the flags ask for; `events` outlives it.
std::unique_ptr<Experiment> make_experiment(Recipe recipe, const RunFlags& flags, const EventBus& events);
Recipe read_recipe(const std::string& file, const RunFlags& flags);

/// Trains members of a run's ensembles and specialists beside it; see Experiment::help.
void help_run(const std::string& file, const RunFlags& flags, const OutputOptions& output);

struct RunOutcome {
  fs::path out;  ///< the run's folder
  Json results;  ///< what results.json holds
};

/// Parses the recipe, runs it with progress, writes the report, prints the table: of stages, and with `deployment` also of what each
/// network costs where it is used. Errors are thrown.
RunOutcome run_recipe(const std::string& text, const std::string& file, const RunFlags& flags, const OutputOptions& output, bool deployment = false);

}  // namespace limbeck
