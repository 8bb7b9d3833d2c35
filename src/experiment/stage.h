#pragma once
// The interface of stage kinds. Each kind is one file of experiment/stages/, which registers
//
//   catalogue.add<StageKind, MyOptions>(Slot::stage, {.name = "my_key", .summary = "…"},
//                                       [](const MyOptions& options) { return std::make_unique<MyStage>(options); });
//
// where MyOptions derives from StageOptions (recipe/stage_options.h). A stage with the key `my_key` is of that kind.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "experiment/run_context.h"
#include "nn/network.h"
#include "recipe/recipe.h"
#include "results/stage_result.h"

namespace limbeck {

/// The results of a stage.
struct StageOutcome {
  std::shared_ptr<Network> network;
  StageResult entry;                       ///< in results.json
  std::optional<std::string> notice = {};  ///< shown after the entry's note; nullopt: the test errors are shown
  Json record = Json::object();            ///< additional data for load(), stored in the stage's record
};

class StageKind {
 public:
  virtual ~StageKind() = default;

  /// Throws Error of kind usage if the stage does not fit the data or its network. Called before anything runs.
  virtual void check(const RunContext&, const StageRecipe&) const {}
  /// Returns substages that run first: rounds or members.
  virtual std::vector<StageRecipe> parts(const StageRecipe&) const { return {}; }
  /// Runs the stage and saves the weights. `fingerprint`: of everything that the result depends on; an interrupted
  /// stage resumes from a checkpoint with the same fingerprint. `parts`: the entries of parts().
  virtual StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                           const std::vector<StageResult>& parts) const = 0;
  /// Loads the network of a finished stage; `record` is StageOutcome::record of run().
  virtual std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json& record) const = 0;
  /// Called after the stage was run or loaded; applies its effects on later stages.
  virtual void conclude(RunContext&, const StageRecipe&) const {}
  /// Returns the networks of the stage's members in order; for a stage without members, its own network.
  virtual std::vector<std::shared_ptr<Network>> members_of(const std::shared_ptr<Network>& network) const {
    return {network};
  }
  /// Joins the networks of a finished stage's members, in order, into the stage's network. `record`: as for load().
  virtual std::shared_ptr<Network> join(std::vector<std::shared_ptr<Network>> networks, const Json& record) const {
    (void)record;
    return std::move(networks.front());
  }
  /// Whether the network of StageForm::source comes first among those that join() takes.
  virtual bool joins_source() const { return false; }
  /// Whether the members that run() would train are already trained.
  virtual bool has_members(const RunContext&, const StageRecipe&) const { return true; }
  /// Trains members that no other process is training. Returns their number.
  virtual int64_t help(RunContext&, const StageRecipe&) const { return 0; }
};

/// Returns the stage's kind; by default, the one that trains a single network.
std::unique_ptr<StageKind> kind_of(const StageRecipe& stage);

}  // namespace limbeck
