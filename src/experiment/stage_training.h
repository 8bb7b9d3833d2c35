#pragma once
// Training a network in a stage of a run, by the one Trainer.
#include <string>
#include <vector>

#include "experiment/stage.h"
#include "train/trainer.h"

namespace limbeck {

/// Trains the network on these examples, or resumes from the checkpoint in the stage's folder, where `fingerprint` is
/// the same. `validation` is what it is watched by.
TrainingResult train(RunContext& run, const StageRecipe& stage, Network& network, const ExampleSet& examples,
                     const ExampleSet& validation, const std::string& fingerprint);

/// What a stage does that trains one network, or several at once: begins with `initial_weights` where they are given,
/// trains, saves the weights, evaluates, tells what came of it. `members`: the networks of the stage's folders.
StageOutcome train_stage(RunContext& run, const StageRecipe& stage, std::shared_ptr<Network> network,
                         const std::vector<std::shared_ptr<Network>>& members, const std::string& fingerprint);

}  // namespace limbeck
