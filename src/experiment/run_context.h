#pragma once
// Shared state of the stages of one seed's run: recipe, data, folder, and the networks trained so far.
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared_values.h"
#include "experiment/run_data.h"
#include "experiment/trained_networks.h"
#include "kernels/captured_work.h"
#include "limbeck/events.h"
#include "ranks/ranks.h"
#include "recipe/recipe.h"
#include "results/run_folder.h"

namespace limbeck {

/// Fingerprints of the training and evaluation data. A stage that does not use the extra examples does not depend on
/// theirs.
struct DataFingerprints {
  std::string source;
  std::string extra;  ///< empty: there are none
};

struct RunContext {
  const Recipe& recipe;
  const DataFingerprints& fingerprints;
  const EventBus& events;
  at::Device device;
  RunFolder folder;
  uint64_t seed = 0;
  std::vector<fs::path> reuse;  ///< run folders whose finished stages are reused if identical
  Recorder recorder;            ///< graph capture of training passes; empty: kernels are launched one by one
  RunData data;
  TrainedNetworks networks;
  std::stop_token stop;
  Ranks* ranks = nullptr;      ///< the processes that run together; nullptr: this one alone
  bool side_by_side = false;   ///< stages and members that do not need each other share the device (side_by_side.h)
  bool only_finished = false;  ///< throw Error instead of running an unfinished stage
  /// By split and teacher, since stages may share a teacher: those that are known here, and those of the whole run.
  std::map<std::string, std::shared_ptr<const at::Tensor>> teacher_logits = {};
  std::shared_ptr<SharedValues<at::Tensor>> shared_logits = std::make_shared<SharedValues<at::Tensor>>();

  const Dataset& dataset() const { return data.dataset(); }
  /// Returns the network that the stage trains or modifies.
  const NetworkRecipe& network_of(const StageRecipe& stage) const { return *recipe.network(stage.network); }
  StageFolder folder_of(const StageRecipe& stage) const { return folder.stage(stage.name); }
  /// Returns the seed of the stage's random numbers, shared by its members.
  uint64_t stream_seed(const StageRecipe& stage) const;
  /// The same, but distinct for each member.
  uint64_t seed_of(const StageRecipe& stage) const;

  /// Returns a copy for work that runs beside other work of this run.
  RunContext beside(const EventBus& own_events, std::stop_token own_stop) const;
  /// Adds what such a copy has found: networks, their logits, labels.
  void take(const RunContext& other);
};

}  // namespace limbeck
