#pragma once
// Runs a recipe: its stages in order, for one seed or several, in a run folder. Stages that are finished and unchanged
// are skipped; an interrupted stage resumes from its checkpoint.
//
//   Experiment experiment(recipe, {.out = "runs/mnist", .seeds = {1, 2, 3}}, events);
//   Json results = experiment.run();
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/claim.h"
#include "core/files.h"
#include "core/json.h"
#include "experiment/check_options.h"
#include "experiment/load_dataset.h"
#include "experiment/run_context.h"
#include "limbeck/dataset.h"
#include "limbeck/events.h"
#include "recipe/recipe.h"
#include "results/run_folder.h"

namespace limbeck {

class EventsInOrder;
class SeedRun;
class StoredViews;
struct RunResults;
struct StoreShard;
struct StoreVisit;

/// Whether a process runs all of a recipe, and alone in its folder, or trains members for the one that does.
enum class RunRole { runs, helps };

class Experiment {
 public:
  /// Checks everything that does not need the data: the device, the folder, and that files named in the recipe exist.
  /// `ranks`: processes that run the same recipe together, each in a folder of its own; nullptr: this one alone.
  Experiment(Recipe recipe, RunOptions options, const EventBus& events, RunRole role = RunRole::runs,
             Ranks* ranks = nullptr);
  ~Experiment();

  /// Runs all unfinished stages and returns the content of results.json.
  Json run();
  /// Trains ensemble members and specialists that no other process is training, provided that the stages on which they
  /// depend are finished. May run before or during a run of the same folder. Returns the number of trained members.
  int64_t help();

  /// For every seed; see store_visits.h.
  using UseOfSeedStore = std::function<void(const StageRecipe& stage, const std::optional<StoreShard>& shard,
                                            int64_t seed, StoredViews& teacher)>;
  void visit_stores(const StoreVisit& visit, const UseOfSeedStore& use);

 private:
  void load_data();
  /// Throws Error unless all ranks have the same recipe, version, seeds and kind of device.
  void check_ranks() const;
  /// One for each seed. `order`: gives each its own events; nullptr: all have those of the run.
  std::vector<std::unique_ptr<SeedRun>> seed_runs(const EventsInOrder* order = nullptr) const;
  /// Returns whether stages and their members run side by side: on a GPU, where the recipe allows it.
  bool runs_side_by_side() const;
  /// Returns the same for seeds, unless they share a teacher's store that is not complete, or be measured.
  bool runs_seeds_side_by_side() const;
  /// Runs all seeds, one after the other or together, and returns their results. Sets made_of_seeds_ if there are
  /// several.
  std::vector<RunResults> run_seeds();
  RunFolder folder_of(int64_t seed) const;

  Recipe recipe_;
  RunOptions options_;
  std::stop_source stop_;  ///< requested by the options' token, or where one of several seeds fails
  std::stop_callback<std::function<void()>> stop_with_options_;
  const EventBus& events_;
  Ranks* ranks_;
  at::Device device_;
  RunFolder folder_;
  std::unique_ptr<FolderLock> lock_;
  std::shared_ptr<const LoadedDataset> data_;
  std::string made_of_seeds_;  ///< fingerprint of all that the combined results depend on
};

}  // namespace limbeck
