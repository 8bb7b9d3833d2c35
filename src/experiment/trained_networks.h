#pragma once
// The networks of one seed's run by name: of stages that are done, of their members, and of networks with weights.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "core/events.h"
#include "models/model.h"
#include "nn/network.h"
#include "recipe/recipe.h"

namespace limbeck {

class TrainedNetworks {
 public:
  /// Loads the networks with weights. Throws Error where one does not fit the data. What is referred to outlives this.
  TrainedNetworks(const Recipe& recipe, const Dataset& dataset, const EventBus& events, uint64_t seed,
                  at::Device device);

  /// Throws Error where there is none of this name.
  const std::shared_ptr<Network>& network(const std::string& name) const;
  bool contains(const std::string& name) const { return networks_.contains(name); }
  /// Of all that makes up the network.
  const std::string& fingerprint(const std::string& name) const { return fingerprints_.at(name); }
  void add(const std::string& name, std::shared_ptr<Network> network, std::string fingerprint);

  /// A network of the recipe as training finds it: with weights drawn from the seed, or those of its TorchScript file.
  /// `classes`: other than the data's; 0: as many.
  std::shared_ptr<Network> make(const NetworkRecipe& network, uint64_t seed, int64_t classes = 0) const;
  /// What the network of the recipe does to pixels first.
  const InputOptions& input(const std::string& network) const { return inputs_.at(network); }
  ModelDescription description(const NetworkRecipe& network) const;

  /// On the whole test split, of a network that add() knows or that has weights; kept where keep_logits said them.
  at::Tensor logits_on(const ExampleSet& test, const std::string& name) const;
  void keep_logits(const std::string& name, const at::Tensor& logits) { test_logits_[name] = logits; }

 private:
  void load(const NetworkRecipe& network, const EventBus& events);

  const Dataset& dataset_;
  uint64_t seed_;
  at::Device device_;
  std::map<std::string, InputOptions> inputs_;
  std::map<std::string, std::shared_ptr<Network>> networks_;
  std::map<std::string, std::string> fingerprints_;
  std::map<std::string, at::Tensor> test_logits_;
};

}  // namespace limbeck
