#pragma once
// Training a stage's network with Trainer.
#include <string>
#include <vector>

#include "experiment/stage.h"
#include "train/trainer.h"

namespace limbeck {

/// Trains the network on `examples`, or resumes from the checkpoint in the stage's folder if it has the same
/// `fingerprint`. `validation` is used for monitoring.
TrainingResult train(RunContext& run, const StageRecipe& stage, Network& network, const ExampleSet& examples,
                     const ExampleSet& validation, const std::string& fingerprint);

/// Runs a stage that trains one network, or several together: loads `initial_weights` if given, trains, saves the
/// weights, evaluates, and returns the results. `members`: the networks of the stage's folders.
StageOutcome train_stage(RunContext& run, const StageRecipe& stage, std::shared_ptr<Network> network,
                         const std::vector<std::shared_ptr<Network>>& members, const std::string& fingerprint);

}  // namespace limbeck
