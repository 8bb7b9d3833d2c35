#include "experiment/trained_networks.h"

#include "core/hash.h"
#include "core/json.h"
#include "nn/matched_classes.h"
#include "programs/program_network.h"
#include "train/evaluation.h"

namespace limbeck {

TrainedNetworks::TrainedNetworks(const Recipe& recipe, const Dataset& dataset, const EventBus& events, uint64_t seed,
                                 at::Device device)
    : dataset_(dataset), seed_(seed), device_(device) {
  for (const NetworkRecipe& network : recipe.networks) {
    inputs_[network.name] = input_of(network, recipe.data.normalize, dataset);
    check_classes(network, dataset);
    if (network.has_weights()) load(network, events);
  }
}

void TrainedNetworks::load(const NetworkRecipe& network, const EventBus& events) {
  std::shared_ptr<Network> loaded = make(network, seed_);
  if (!network.weights.empty()) load_weights(*loaded, network.weights);
  Hasher hasher;
  if (!network.weights.empty()) hasher.add(read_file(network.weights)).add(resolve(network.architecture).dump());
  for (const std::string& file : files_of(network.architecture)) hasher.add(read_file(file));
  if (const auto* program = dynamic_cast<const ProgramNetwork*>(loaded.get())) {
    const bool asked = program->options().returns != ReturnedValues::automatic;
    if (program->returns() == ReturnedValues::probabilities && !asked)
      events.emit(Notice{
          fmt::format("'{}' gives probabilities; their logarithms are taken as its logits", program->file().string())});
    if (program->takes_one_example())
      events.emit(
          Notice{fmt::format("'{}' takes one example at a time, which is slow: export it with a batch size that "
                             "is open",
                             program->file().string())});
    if (const std::string how = program->reading(); !how.empty()) hasher.add(how);
  }
  if (const InputOptions& input = inputs_.at(network.name); !input.empty()) hasher.add(to_json(input).dump());
  if (network.matches_classes()) {
    loaded =
        match_classes(loaded, class_names(network), dataset_.classes, fmt::format("the network '{}'", network.name));
    hasher.add(loaded->identity());
  }
  loaded->to(device_);
  add(network.name, loaded, hasher.fingerprint());
}

const std::shared_ptr<Network>& TrainedNetworks::network(const std::string& name) const {
  const auto found = networks_.find(name);
  if (found == networks_.end()) throw Error(fmt::format("no trained network '{}'", name));
  return found->second;
}

void TrainedNetworks::add(const std::string& name, std::shared_ptr<Network> network, std::string fingerprint) {
  networks_[name] = std::move(network);
  fingerprints_[name] = std::move(fingerprint);
}

void TrainedNetworks::take(const TrainedNetworks& other) {
  networks_.insert(other.networks_.begin(), other.networks_.end());
  fingerprints_.insert(other.fingerprints_.begin(), other.fingerprints_.end());
  test_logits_.insert(other.test_logits_.begin(), other.test_logits_.end());
}

std::shared_ptr<Network> TrainedNetworks::make(const NetworkRecipe& network, uint64_t seed, int64_t classes) const {
  const InputOptions& input = inputs_.at(network.name);
  if (!network.matches_classes()) return make_network(network.architecture, dataset_, seed, input, classes);
  const auto named = static_cast<int64_t>(class_names(network).size());
  if (is_graph(network.architecture)) return make_network(network.architecture, dataset_, seed, input, named);
  auto program = network.architecture.make<Network, const TaskShape&, const InputOptions&>(
      TaskShape{dataset_.input_shape(), 0}, input);
  const int64_t outputs = dynamic_cast<const ProgramNetwork&>(*program).classes();
  if (outputs != named)
    throw Error(ErrorKind::usage, fmt::format("the network '{}' has {} outputs, and its `classes` names {}",
                                              network.name, outputs, named));
  return program;
}

ModelDescription TrainedNetworks::description(const NetworkRecipe& network) const {
  ModelDescription description = describe_model(network.architecture, dataset_, inputs_.at(network.name));
  if (network.matches_classes()) description.outputs = class_names(network);
  return description;
}

at::Tensor TrainedNetworks::logits_on(const ExampleSet& test, const std::string& name) const {
  const auto known = test_logits_.find(name);
  return known != test_logits_.end() ? known->second : predict_logits(*network(name), test);
}

}  // namespace limbeck
