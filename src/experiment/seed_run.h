#pragma once
// One seed's run of a recipe: its stages in order, and what is told of all of them.
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
  std::vector<fs::path> reuse = {};       ///< run folders whose finished stages are taken over where they are the same
  Recorder recorder = {};                 ///< of the passes of training; empty: they are launched one by one
  bool deployment = false;                ///< measure what each network costs where it is used
  std::vector<std::string> command = {};  ///< by which the run was started
};

/// Moves a folder's results aside where they were made of something else, and says so.
void set_aside_results(const RunFolder& folder, const std::string& made_of, const EventBus& events);

class SeedRun {
 public:
  /// Checks everything about data and teachers that can be checked before work.
  explicit SeedRun(const SeedRunSetup& setup);
  /// Runs what is not done and returns what results.json holds.
  RunResults run();
  /// A fingerprint of all that the results depend on: recipe, seed, data, device, networks that were given.
  std::string made_of() const;
  /// See run_checks.h.
  void tell_few_steps() const;
  /// See Experiment.
  int64_t help();
  void visit_stores(const std::string& stage, StoreAccess access, const UseOfStore& use);

 private:
  /// What stands in results.json before its stages.
  RunResults header(const std::string& made_of) const;

  bool deployment_;
  std::vector<std::string> command_;
  RunContext run_;
};

}  // namespace limbeck
