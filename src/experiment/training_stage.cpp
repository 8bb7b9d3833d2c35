#include "experiment/training_stage.h"

#include "experiment/stage_networks.h"
#include "experiment/stage_training.h"

namespace limbeck {

void TrainingStage::check(const RunContext& run, const StageRecipe& stage) const {
  require_trainable(run, stage);
  check_classifier(run, stage);
}

StageOutcome TrainingStage::run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                                const std::vector<StageResult>&) const {
  const std::shared_ptr<Network> network = make_stage_network(run, stage);
  return train_stage(run, stage, network, {network}, fingerprint);
}

std::shared_ptr<Network> TrainingStage::load(RunContext& run, const StageRecipe& stage, const Json&) const {
  return load_stage_network(run, stage);
}

std::unique_ptr<StageKind> kind_of(const StageRecipe& stage) {
  if (!stage.kind) return std::make_unique<TrainingStage>();
  return stage.kind.make<StageKind>();
}

}  // namespace limbeck
