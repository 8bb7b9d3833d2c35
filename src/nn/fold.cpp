#include "nn/fold.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

/// By the place of the second linear node of a pair that is folded, the place of the first.
std::map<size_t, size_t> pairs_of(const Graph& graph, Folding folding) {
  const std::vector<Node>& nodes = graph.nodes();
  const std::vector<size_t> uses = graph.uses();
  std::map<size_t, size_t> pairs;
  for (size_t i = 0; i < nodes.size() && folding != Folding::never; ++i) {
    const size_t first = nodes[i].inputs[0];
    if (first == Graph::kInput || uses[first] != 1 || pairs.contains(first)) continue;
    const auto* outer = std::get_if<Linear>(&nodes[i].operation);
    const auto* inner = std::get_if<Linear>(&nodes[first].operation);
    if (outer == nullptr || inner == nullptr) continue;
    const int64_t factors = inner->in * inner->out + outer->in * outer->out, product = inner->in * outer->out;
    if (folding == Folding::always || product <= factors) pairs[i] = first;
  }
  return pairs;
}

/// By the place of a batch norm, the place of the layer that it is multiplied into.
std::map<size_t, size_t> normed_layers(const Graph& graph) {
  const std::vector<Node>& nodes = graph.nodes();
  const std::vector<size_t> uses = graph.uses();
  std::map<size_t, size_t> layers;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const size_t from = nodes[i].inputs[0];
    if (!std::holds_alternative<BatchNorm>(nodes[i].operation) || from == Graph::kInput || uses[from] != 1) continue;
    const Operation& before = nodes[from].operation;
    if (std::holds_alternative<Linear>(before) || std::holds_alternative<Convolution>(before)) layers[i] = from;
  }
  return layers;
}

at::Tensor parameter(const GraphNetwork& network, const std::string& name) {
  for (const Parameter& own : network.parameters())
    if (own.name == name) return own.value.detach().to(at::kDouble);
  return {};
}

}  // namespace

Graph fold(const Graph& graph, Folding folding) {
  const std::map<size_t, size_t> pairs = pairs_of(graph, folding);
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<size_t> place(nodes.size(), Graph::kInput);  // in the folded graph
  Graph result(graph.input_shape());
  const auto is_first = [&](size_t node) {
    return std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.second == node; });
  };
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (is_first(i)) continue;
    Operation operation = nodes[i].operation;
    std::vector<size_t> inputs = nodes[i].inputs;
    if (const auto pair = pairs.find(i); pair != pairs.end()) {
      const auto& inner = std::get<Linear>(nodes[pair->second].operation);
      const auto& outer = std::get<Linear>(operation);
      operation = Linear{inner.in, outer.out, inner.bias || outer.bias};
      inputs = nodes[pair->second].inputs;
    }
    for (size_t& input : inputs)
      if (input != Graph::kInput) input = place[input];
    place[i] = result.add(nodes[i].name, operation, inputs);
  }
  for (const auto& [name, node] : graph.feature_names())
    if (!is_first(node)) result.name_feature(name, place[node]);
  return result;
}

std::shared_ptr<GraphNetwork> fold(const GraphNetwork& network, Folding folding) {
  const std::vector<Node>& nodes = network.graph().nodes();
  std::map<std::string, std::string> first_of;  // names of the pairs
  for (const auto& [outer, inner] : pairs_of(network.graph(), folding)) first_of[nodes[outer].name] = nodes[inner].name;
  auto result = std::make_shared<GraphNetwork>(fold(network.graph(), folding), 0);
  const at::NoGradGuard no_gradient;
  for (const Parameter& own : result->parameters()) {
    const std::string node = own.name.substr(0, own.name.rfind('.'));
    const bool is_weight = own.name.ends_with(".weight");
    at::Tensor value = parameter(network, own.name), target = own.value;
    if (const auto pair = first_of.find(node); pair != first_of.end()) {
      const at::Tensor outer = parameter(network, node + ".weight");
      if (is_weight) {
        value = outer.mm(parameter(network, pair->second + ".weight"));
      } else {
        const at::Tensor inner_bias = parameter(network, pair->second + ".bias");
        const at::Tensor moved = inner_bias.defined() ? outer.mv(inner_bias) : at::Tensor();
        value = !value.defined() ? moved : moved.defined() ? value + moved : value;
      }
    }
    target.copy_(value);
  }
  const TensorMap state = state_of(network);
  for (const Parameter& own : result->buffers()) at::Tensor(own.value).copy_(state.at(own.name));
  return result;
}

LayerWeights with_batch_norm(const LayerWeights& layer, const NormWeights& norm, double epsilon) {
  const at::Tensor scale = norm.weight / (norm.variance + epsilon).sqrt();
  Shape stretched(static_cast<size_t>(layer.weight.dim()), 1);
  stretched[0] = -1;
  const at::Tensor centred = layer.bias.defined() ? layer.bias - norm.mean : -norm.mean;
  return {layer.weight * scale.reshape(stretched), norm.bias + centred * scale};
}

Graph fold_batch_norm(const Graph& graph) {
  const std::map<size_t, size_t> layers = normed_layers(graph);
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<size_t> place(nodes.size());  // in the folded graph
  std::vector<bool> gets_bias(nodes.size(), false);
  for (const auto& [norm, layer] : layers) gets_bias[layer] = true;
  Graph result(graph.input_shape());
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (const auto layer = layers.find(i); layer != layers.end()) {
      place[i] = place[layer->second];
      continue;
    }
    Operation operation = nodes[i].operation;
    if (auto* linear = std::get_if<Linear>(&operation)) linear->bias |= gets_bias[i];
    if (auto* convolution = std::get_if<Convolution>(&operation)) convolution->bias |= gets_bias[i];
    std::vector<size_t> inputs = nodes[i].inputs;
    for (size_t& input : inputs)
      if (input != Graph::kInput) input = place[input];
    place[i] = result.add(nodes[i].name, operation, inputs);
  }
  for (const auto& [name, node] : graph.feature_names()) result.name_feature(name, place[node]);
  return result;
}

std::shared_ptr<GraphNetwork> fold_batch_norm(const GraphNetwork& network) {
  const std::vector<Node>& nodes = network.graph().nodes();
  auto result = std::make_shared<GraphNetwork>(fold_batch_norm(network.graph()), 0);
  const at::NoGradGuard no_gradient;
  TensorMap state = state_of(network);
  for (auto& [name, value] : state) value = value.to(at::kDouble);
  for (const auto& [norm, layer] : normed_layers(network.graph())) {
    const std::string own = nodes[layer].name, other = nodes[norm].name;
    const auto bias = state.find(own + ".bias");
    const LayerWeights folded =
        with_batch_norm({state.at(own + ".weight"), bias == state.end() ? at::Tensor() : bias->second},
                        {state.at(other + ".weight"), state.at(other + ".bias"), state.at(other + ".running_mean"),
                         state.at(other + ".running_var")},
                        std::get<BatchNorm>(nodes[norm].operation).epsilon);
    state[own + ".weight"] = folded.weight;
    state[own + ".bias"] = folded.bias;
  }
  for (const std::vector<Parameter>* own : {&result->parameters(), &result->buffers()})
    for (const Parameter& tensor : *own) at::Tensor(tensor.value).copy_(state.at(tensor.name));
  if (!network.parameters().empty()) result->to(network.parameters().front().value.device());
  return result;
}

void shift_output_bias(GraphNetwork& network, const std::vector<int64_t>& classes, double offset) {
  const Node& last = network.graph().nodes().back();
  const auto* linear = std::get_if<Linear>(&last.operation);
  if (linear == nullptr || !linear->bias)
    throw Error(fmt::format("the last node '{}' has no bias to change", last.name));
  const at::NoGradGuard no_gradient;
  for (const Parameter& own : network.parameters()) {
    if (own.name != last.name + ".bias") continue;
    at::Tensor bias = own.value;
    for (const int64_t label : classes) bias[label] += offset;
  }
}

}  // namespace limbeck
