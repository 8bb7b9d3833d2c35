#pragma once
// What the stages of one seed's run share: recipe, data, folder, and the networks that are there so far.
#include <map>
#include <string>
#include <vector>

#include "core/events.h"
#include "experiment/run_data.h"
#include "experiment/trained_networks.h"
#include "kernels/captured_function.h"
#include "recipe/recipe.h"
#include "results/run_folder.h"

namespace limbeck {

/// Of what stages train on and are measured by; a stage that leaves the extra examples out does not depend on them.
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
  std::vector<fs::path> reuse;  ///< run folders whose finished stages are taken over where they are the same
  Recorder recorder;            ///< of the passes of training; empty: they are launched one by one
  RunData data;
  TrainedNetworks networks;
  bool only_finished = false;                             ///< a stage that would have to run is an error
  std::map<std::string, at::Tensor> teacher_logits = {};  ///< by split and teacher: several stages may have the same

  const Dataset& dataset() const { return data.dataset(); }
  /// The network that the stage trains, or changes.
  const NetworkRecipe& network_of(const StageRecipe& stage) const { return *recipe.network(stage.network); }
  StageFolder folder_of(const StageRecipe& stage) const { return folder.stage(stage.name); }
  /// Of the stage's random numbers; its members share it.
  uint64_t stream_seed(const StageRecipe& stage) const;
  /// The same; a member has its own.
  uint64_t seed_of(const StageRecipe& stage) const;
};

}  // namespace limbeck
