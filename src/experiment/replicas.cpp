#include "experiment/replicas.h"

#include "nn/committee.h"

namespace limbeck {

StageRecipe replica_of(const StageRecipe& stage, int64_t k) {
  StageRecipe replica = stage;
  replica.name = fmt::format("{}.{}", stage.name, k);
  replica.replica = k;
  replica.replicas = {};
  return replica;
}

std::vector<std::string> weight_folders(const StageRecipe& stage) {
  if (stage.replicas.count == 1) return {stage.name};
  std::vector<std::string> names;
  for (int64_t k = 1; k <= stage.replicas.count; ++k) names.push_back(replica_of(stage, k).name);
  return names;
}

std::vector<std::shared_ptr<Network>> networks_in(const std::shared_ptr<Network>& network) {
  const auto* committee = dynamic_cast<const Committee*>(network.get());
  return committee == nullptr ? std::vector{network} : committee->members();
}

}  // namespace limbeck
