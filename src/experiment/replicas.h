#pragma once
// A stage with replicas as the stages and networks that it is made of.
#include <memory>
#include <string>
#include <vector>

#include "nn/network.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Whether the stage trains an ensemble's members one by one.
bool trains_apart(const StageRecipe& stage);

/// The stage that trains the k-th of a stage's replicas alone, k from 1: NAME.k.
StageRecipe replica_of(const StageRecipe& stage, int64_t k);

/// The names of the stage folders that hold a stage's weights: its own, or one for each replica or specialist.
std::vector<std::string> weight_folders(const StageRecipe& stage);

/// The networks of a stage, one for each of its weight folders.
std::vector<std::shared_ptr<Network>> networks_in(const std::shared_ptr<Network>& network);

}  // namespace limbeck
