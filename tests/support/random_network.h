#pragma once
// The networks' names; networks with random weights and with batch norm that has seen something, and random pictures
// for them.
#include <torch/types.h>
#include <torch/utils.h>

#include "experiment/components.h"
#include "nn/network.h"

namespace limbeck {

/// All that this program knows by name; a TorchScript file is none of them.
inline std::vector<std::string> all_networks() {
  std::vector<std::string> names;
  for (const auto& component : components().components(Slot::network))
    if (dynamic_cast<const Maker<Graph, const TaskShape&>*>(component.get()) != nullptr)
      names.push_back(component->info().name);
  return names;
}

inline torch::Tensor random_pictures(const Shape& shape, int64_t count = 5) {
  Shape all = shape;
  all.insert(all.begin(), count);
  torch::manual_seed(1);
  return torch::rand(all);
}

inline std::shared_ptr<GraphNetwork> random_network(const Graph& graph) {
  auto network = std::make_shared<GraphNetwork>(graph, 1);
  torch::manual_seed(2);
  const torch::NoGradGuard no_gradient;
  for (const Parameter& buffer : network->buffers()) {
    torch::Tensor value = buffer.value;
    if (buffer.name.ends_with("running_var"))
      value.uniform_(0.5, 2);
    else
      value.uniform_(-0.3, 0.3);
  }
  return network;
}

inline torch::Tensor logits_of(const Network& network, const torch::Tensor& inputs) {
  const torch::NoGradGuard no_gradient;
  return network.forward(inputs, {}).logits;
}

}  // namespace limbeck
