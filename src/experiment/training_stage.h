#pragma once
// The stage kind that trains a single network; base class of other kinds that do so.
#include "experiment/stage.h"

namespace limbeck {

class TrainingStage : public StageKind {
 public:
  void check(const RunContext& run, const StageRecipe& stage) const override;
  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                   const std::vector<StageResult>& parts) const override;
  std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json& record) const override;
};

}  // namespace limbeck
