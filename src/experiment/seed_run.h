#pragma once
// Runs the stages of a recipe for one seed: in order, or side by side where they do not need each other.
//
//   const SeedRunSetup setup{.recipe = recipe, .dataset = data, .events = events, .folder = folder, .seed = 1};
//   RunResults results = SeedRun(setup).run();
#include <string>
#include <vector>

#include "experiment/experiment.h"
#include "experiment/run_context.h"
#include "experiment/store_visits.h"
#include "results/run_results.h"

namespace limbeck {

struct SeedRunSetup {
  const Recipe& recipe;
  const Dataset& dataset;
  const DataFingerprints& data;
  const EventBus& events;
  at::Device device;
  RunFolder folder;
  uint64_t seed = 0;
  std::vector<fs::path> reuse = {};  ///< run folders whose finished stages are reused if identical
  Recorder recorder = {};            ///< graph capture of training passes; empty: kernels are launched one by one
  bool side_by_side = false;         ///< see RunContext
  bool deployment = false;           ///< measure the inference cost of each network
  std::stop_token stop = {};
  Ranks* ranks = nullptr;                 ///< see RunContext
  std::vector<std::string> command = {};  ///< command line of the run
};

/// Moves outdated results of a folder (whose fingerprint differs from `made_of`) to previous/, with a notice.
void set_aside_results(const RunFolder& folder, const std::string& made_of, const EventBus& events);

class SeedRun {
 public:
  /// Checks everything about data and teachers that can be checked before training.
  explicit SeedRun(const SeedRunSetup& setup);
  /// Runs all unfinished stages and returns the content of results.json.
  RunResults run();
  /// Returns a fingerprint of everything that the results depend on: recipe, seed, data, device, pretrained networks.
  std::string made_of() const;
  /// See run_checks.h.
  void tell_few_steps() const;
  bool fits_side_by_side(size_t seeds) const;
  /// See Experiment.
  int64_t help();
  void visit_stores(const StoreVisit& visit, const UseOfStore& use);

 private:
  /// Returns the fields of results.json that precede the stages.
  RunResults header(const std::string& made_of) const;
  /// Runs the stages and writes the results of those that are done, in the order of the recipe.
  void run_stages(RunResults& results);

  bool deployment_;
  std::vector<std::string> command_;
  RunContext run_;
};

}  // namespace limbeck
