#pragma once
// Runs a recipe: trains its stages in order, evaluates them, and leaves weights, metrics and report in a folder. A run
// that was stopped or killed resumes when it is started again with the same options, with bit-identical results.
//
//   std::jthread worker([](std::stop_token stop) {
//     const RunSummary run = run_recipe(load_recipe("digits.yaml"), {.out = "runs/digits", .stop = stop},
//                                       [](const Event& event) {
//                                         if (const auto* epoch = std::get_if<EpochDone>(&event))
//                                           std::printf("%ld: %g\n", epoch->epoch, epoch->train.loss);
//                                       });
//     const double accuracy = run.stage("distilled").number("test", "accuracy");
//   });
//
// Errors: limbeck::Error, of kind usage for mistakes of the caller (DiagnosticsError with all mistakes of a recipe), of
// kind interrupted after a stop, when everything is saved. Nothing is printed.
//
// Thread-safety: all functions may be called from several threads. Runs in parallel need folders of their own; they
// share LibTorch's threads, whose number belongs to the process. TorchScript students with dropout draw from LibTorch's
// generator, which belongs to the process too: runs beside theirs disturb their bit-identity.
//
// Speed: call settle_process (process.h) first in main. Without it training on several threads may be many times
// slower; a Notice says so.
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "limbeck/api.h"
#include "limbeck/distillation.h"
#include "limbeck/error.h"
#include "limbeck/events.h"
#include "limbeck/run_options.h"

namespace limbeck LIMBECK_API {

/// A recipe as text.
struct RecipeText {
  std::string text;                        ///< YAML
  std::string file = "recipe";             ///< name for messages
  std::vector<std::string> settings = {};  ///< changes, "stages.distilled.epochs=10"
};

/// Reads a recipe file. Throws Error if it cannot be read.
RecipeText load_recipe(const std::filesystem::path& file);
/// Returns the recipe of a distillation. `data`: the folder that RunOptions::data will name. Throws Error of kind usage
/// if fields contradict each other, and Error if a teacher's file cannot be read.
RecipeText recipe_of(const Distillation& distillation, const std::filesystem::path& data = {});
/// Returns the recipe with all defaults, as YAML. Throws DiagnosticsError with all mistakes. Reads no data.
std::string check_recipe(const RecipeText& recipe);

struct StageSummary {
  std::string name;
  std::string status;  ///< "done"
  /// Model files, one for each seed, for Predictor and export_model; empty for an ensemble, whose members have theirs.
  std::vector<std::filesystem::path> weights;
  /// Metrics by split and name, means over the seeds: evaluations["test"]["accuracy"].
  std::map<std::string, std::map<std::string, double>> evaluations;

  /// Returns the metric. Throws Error that lists what there is.
  double number(const std::string& split, const std::string& metric) const;
};

struct RunSummary {
  std::filesystem::path folder;
  std::vector<StageSummary> stages;

  /// Returns the stage. Throws Error that lists the stages.
  const StageSummary& stage(const std::string& name) const;
};

/// Runs all stages that are not finished and writes the report. `observer`, if given, is called with each event, one
/// call at a time, from threads of the run; what it throws ends the run.
RunSummary run_recipe(const RecipeText& recipe, const RunOptions& options,
                      const std::function<void(const Event&)>& observer = {});

/// Returns the summary of a finished run. Throws Error if the folder has no results.
RunSummary summary_of(const std::filesystem::path& run_folder);

}  // namespace LIMBECK_API
