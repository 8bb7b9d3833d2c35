#pragma once
// Creates, saves and loads the networks of a stage.
#include <memory>

#include "experiment/run_context.h"
#include "nn/network.h"

namespace limbeck {

/// Creates a network of the stage's architecture, with initial weights of the stage's random stream or pretrained
/// weights.
std::shared_ptr<Network> make_stage_network(const RunContext& run, const StageRecipe& stage);

/// Copies the last layer of the network that the stage's key `classifier` names to `network`. Throws Error of kind
/// usage if the two have other shapes.
void copy_classifier(const RunContext& run, const StageRecipe& stage, const Network& network);
/// Throws Error of kind usage if copy_classifier() will.
void check_classifier(const RunContext& run, const StageRecipe& stage);

/// Throws Error of kind usage if the stage's network is a TorchScript file; `why`: what this rules out.
void require_graph(const RunContext& run, const StageRecipe& stage, const char* why);

/// Throws Error of kind usage if the stage's network is a TorchScript program without trainable parameters.
void require_trainable(const RunContext& run, const StageRecipe& stage);

/// Writes each network's weights to its folder (weight_folders(), in the same order), with the metadata to use them
/// alone.
void save_weights(const RunContext& run, const StageRecipe& stage,
                  const std::vector<std::shared_ptr<Network>>& networks);
/// The inverse of save_weights().
void load_weights(const RunContext& run, const StageRecipe& stage,
                  const std::vector<std::shared_ptr<Network>>& networks);

/// Loads the network of a finished stage that trains a single network.
std::shared_ptr<Network> load_stage_network(const RunContext& run, const StageRecipe& stage);

}  // namespace limbeck
