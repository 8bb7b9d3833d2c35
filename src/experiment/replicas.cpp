#include "experiment/replicas.h"

#include "experiment/specialists.h"
#include "nn/ensembles/committee.h"
#include "nn/ensembles/specialist_ensemble.h"

namespace limbeck {

bool trains_apart(const StageRecipe& stage) {
  return stage.replicas.count > 1 && !stage.replicas.together;
}

StageRecipe replica_of(const StageRecipe& stage, int64_t k) {
  StageRecipe replica = stage;
  replica.name = fmt::format("{}.{}", stage.name, k);
  replica.replica = k;
  replica.replicas = {};
  return replica;
}

std::vector<std::string> weight_folders(const StageRecipe& stage) {
  std::vector<std::string> names;
  if (trains_specialists(stage)) {
    for (int64_t k = 1; k <= stage.specialists.groups; ++k) names.push_back(specialist_of(stage, k).name);
    return names;
  }
  if (stage.replicas.count == 1) return {stage.name};
  for (int64_t k = 1; k <= stage.replicas.count; ++k) names.push_back(replica_of(stage, k).name);
  return names;
}

std::vector<std::shared_ptr<Network>> networks_in(const std::shared_ptr<Network>& network) {
  if (const auto* specialists = dynamic_cast<const SpecialistEnsemble*>(network.get()))
    return {specialists->members().begin() + 1, specialists->members().end()};  // the generalist is another stage's
  const auto* committee = dynamic_cast<const Committee*>(network.get());
  return committee == nullptr ? std::vector{network} : committee->members();
}

}  // namespace limbeck
