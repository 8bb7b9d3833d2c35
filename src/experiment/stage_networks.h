#pragma once
// The networks of a stage: as training finds them, and in the folders that hold their weights.
#include <memory>

#include "experiment/run_context.h"
#include "nn/network.h"

namespace limbeck {

/// One network of the stage's form, with initial weights of the stage's stream or those that its network came with.
std::shared_ptr<Network> make_stage_network(const RunContext& run, const StageRecipe& stage);

/// Throws Error of kind usage where the stage's network is a TorchScript file; `why`: what it cannot be then.
void require_graph(const RunContext& run, const StageRecipe& stage, const char* why);

/// Throws Error of kind usage where the stage's network is a program whose parameters cannot be trained.
void require_trainable(const RunContext& run, const StageRecipe& stage);

/// Writes each network's weights into its folder (weight_folders(), in their order), with what is needed to use them
/// alone.
void save_weights(const RunContext& run, const StageRecipe& stage,
                  const std::vector<std::shared_ptr<Network>>& networks);
/// The reverse.
void load_weights(const RunContext& run, const StageRecipe& stage,
                  const std::vector<std::shared_ptr<Network>>& networks);

/// Of a finished stage that trains one network: that network, with its weights.
std::shared_ptr<Network> load_stage_network(const RunContext& run, const StageRecipe& stage);

}  // namespace limbeck
