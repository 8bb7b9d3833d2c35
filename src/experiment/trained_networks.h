#pragma once
// The networks of one seed's run by name: of finished stages, of their members, and pretrained networks.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "data/example_set.h"
#include "limbeck/events.h"
#include "models/model.h"
#include "nn/network.h"
#include "recipe/recipe.h"

namespace limbeck {

class TrainedNetworks {
 public:
  /// Loads the pretrained networks. Throws Error if one does not fit the data. The arguments must outlive this.
  TrainedNetworks(const Recipe& recipe, const Dataset& dataset, const EventBus& events, uint64_t seed,
                  at::Device device);

  /// Throws Error if there is no network of this name.
  const std::shared_ptr<Network>& network(const std::string& name) const;
  bool contains(const std::string& name) const { return networks_.contains(name); }
  /// Returns the fingerprint of everything that defines the network.
  const std::string& fingerprint(const std::string& name) const { return fingerprints_.at(name); }
  void add(const std::string& name, std::shared_ptr<Network> network, std::string fingerprint);
  /// Adds the networks of a copy of this, and their logits, that are not here.
  void take(const TrainedNetworks& other);

  /// Creates a network of the recipe for training, with weights drawn from the seed or those of its TorchScript file.
  /// `classes`: number of classes; 0: that of the data.
  std::shared_ptr<Network> make(const NetworkRecipe& network, uint64_t seed, int64_t classes = 0) const;
  /// Returns the preprocessing of a network of the recipe.
  const InputOptions& input(const std::string& network) const { return inputs_.at(network); }
  ModelDescription description(const NetworkRecipe& network) const;

  /// Returns the logits of a trained or pretrained network on the whole test split; cached if set by keep_logits().
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
