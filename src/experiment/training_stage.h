#pragma once
// A stage that trains one network and nothing else; other kinds that train one network derive from it.
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
