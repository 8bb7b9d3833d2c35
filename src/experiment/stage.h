#pragma once
// What a kind of stage does in a run. Each kind is one file of experiment/stages/, which registers
//
//   catalogue.add<StageKind, MyOptions>(Slot::stage, {.name = "my_key", .summary = "…"},
//                                       [](const MyOptions& options) { return std::make_unique<MyStage>(options); });
//
// where MyOptions derives from StageOptions (recipe/stage_options.h). A stage with the key `my_key` is of that kind.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "experiment/run_context.h"
#include "nn/network.h"
#include "recipe/recipe.h"
#include "results/stage_result.h"

namespace limbeck {

/// What a stage leaves.
struct StageOutcome {
  std::shared_ptr<Network> network;
  StageResult entry;                       ///< in results.json
  std::optional<std::string> notice = {};  ///< told after the entry's note; nothing: the test errors are told
  Json record = Json::object();            ///< what load() needs beside weights and entry, in the stage's record
};

class StageKind {
 public:
  virtual ~StageKind() = default;

  /// Throws Error of kind usage where the stage does not fit the data or its network. Called before anything runs.
  virtual void check(const RunContext&, const StageRecipe&) const {}
  /// Stages of their own that run first, as parts of this one: rounds, or members.
  virtual std::vector<StageRecipe> parts(const StageRecipe&) const { return {}; }
  /// Does the work and saves the weights. `fingerprint`: of all that the result depends on; what was interrupted
  /// resumes from the checkpoint that has the same. `parts`: the entries of parts().
  virtual StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                           const std::vector<StageResult>& parts) const = 0;
  /// The network of a finished stage with its weights; `record` holds what run() returned.
  virtual std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json& record) const = 0;
  /// Called when the stage is done, run or loaded: what later stages are to see otherwise.
  virtual void conclude(RunContext&, const StageRecipe&) const {}
  /// The networks of the stage's members, in their order; of a stage without members, its own.
  virtual std::vector<std::shared_ptr<Network>> members_of(const std::shared_ptr<Network>& network) const {
    return {network};
  }
  /// Whether the members that run() would train are there already.
  virtual bool has_members(const RunContext&, const StageRecipe&) const { return true; }
  /// Trains members that no other process has taken. Returns how many.
  virtual int64_t help(RunContext&, const StageRecipe&) const { return 0; }
};

/// The stage's kind; of one that says nothing of it, that which trains a network and nothing else.
std::unique_ptr<StageKind> kind_of(const StageRecipe& stage);

}  // namespace limbeck
