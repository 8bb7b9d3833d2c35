#include "nn/quantization.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>

#include "core/error.h"
#include "nn/fold.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

constexpr const char* kSuffix = ".quantize";

template <class... Operations>
bool is_any(const Operation& operation) {
  return (std::holds_alternative<Operations>(operation) || ...);
}

/// Whether the values stay as they are, in other places or fewer.
bool moves(const Operation& operation) {
  return is_any<Maxout, MaxPool, Slice, ChannelShuffle, Dropout, Flatten>(operation);
}

/// The node that computes the logits; those after it only move them.
size_t logits_of(const Graph& graph) {
  const std::vector<Node>& nodes = graph.nodes();
  size_t at = nodes.size() - 1;
  while (moves(nodes[at].operation) && nodes[at].inputs[0] != Graph::kInput) at = nodes[at].inputs[0];
  return at;
}

/// Of each node (and, last, of the input) whether its values are kept as bytes.
std::vector<bool> kept_as_bytes(const Graph& graph) {
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<bool> kept(nodes.size() + 1, false);
  std::vector<bool> ends_in_rectifier(nodes.size(), false);
  const std::vector<size_t> uses = graph.uses();
  bool prepares_input = false;
  for (const Node& node : nodes) {
    const size_t from = node.inputs[0];
    if (from == Graph::kInput)
      prepares_input |= is_any<Normalize, Resize>(node.operation);
    else if (uses[from] == 1 && is_any<Relu, Relu6>(node.operation))
      ends_in_rectifier[from] = true;
  }
  const size_t logits = logits_of(graph);
  for (size_t i = 0; i + 1 < nodes.size(); ++i) {
    const bool prepared =
        is_any<Normalize, Resize>(nodes[i].operation);  // the last of these is what the first layer takes
    const bool before_more = prepared && is_any<Normalize, Resize>(nodes[i + 1].operation);
    kept[i] = i != logits && !moves(nodes[i].operation) && !before_more && !ends_in_rectifier[i];
  }
  kept.back() = !prepares_input;
  return kept;
}

std::string source_of(const std::string& quantize_node) {
  return quantize_node.substr(0, quantize_node.size() - std::string(kSuffix).size());
}

/// At most this many of a tensor's values, evenly spread.
at::Tensor some_of(const at::Tensor& values, int64_t most) {
  const at::Tensor flat = values.reshape(-1);
  const int64_t step = (flat.numel() + most - 1) / most;
  return flat.slice(0, 0, flat.numel(), step).clone();
}

}  // namespace

Graph quantize(const Graph& trained) {
  const Graph graph = fold_batch_norm(trained);
  const std::vector<bool> kept = kept_as_bytes(graph);
  const std::vector<Node>& nodes = graph.nodes();
  Graph result(graph.input_shape());
  std::vector<size_t> place(nodes.size());  // in the result
  const size_t input =
      kept.back() ? result.add(std::string("input") + kSuffix, Quantize{}, {Graph::kInput}) : Graph::kInput;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Operation operation = nodes[i].operation;
    if (auto* linear = std::get_if<Linear>(&operation)) linear->rounds = true;
    if (auto* convolution = std::get_if<Convolution>(&operation)) convolution->rounds = true;
    std::vector<size_t> inputs = nodes[i].inputs;
    for (size_t& from : inputs) from = from == Graph::kInput ? input : place[from];
    place[i] = result.add(nodes[i].name, operation, inputs);
    if (kept[i]) place[i] = result.add(nodes[i].name + kSuffix, Quantize{}, {place[i]});
  }
  for (const auto& [name, node] : graph.feature_names()) result.name_feature(name, place[node]);
  return result;
}

std::shared_ptr<GraphNetwork> quantize(const GraphNetwork& network, const at::Tensor& inputs) {
  constexpr int64_t kBatch = 64, kValues = 1 << 17;
  if (inputs.size(0) == 0)
    throw Error(ErrorKind::usage,
                "quantization needs examples on which the ranges of activations are calibrated; there are none");
  const std::shared_ptr<GraphNetwork> plain = fold_batch_norm(network);
  auto result = std::make_shared<GraphNetwork>(quantize(network.graph()), 0);
  const at::NoGradGuard no_gradient;
  const TensorMap state = state_of(*plain);
  for (const std::vector<Parameter>* own : {&result->parameters(), &result->buffers()})
    for (const Parameter& tensor : *own)
      if (const auto found = state.find(tensor.name); found != state.end())
        at::Tensor(tensor.value).copy_(found->second);

  std::vector<std::string> sources;
  for (const Node& node : result->graph().nodes())
    if (std::holds_alternative<Quantize>(node.operation)) sources.push_back(source_of(node.name));
  std::map<std::string, std::vector<at::Tensor>> seen;
  std::vector<std::string> taps;
  for (const std::string& source : sources)
    if (source != "input") taps.push_back(source);
  const int64_t most = std::max<int64_t>(kValues * kBatch / std::max(inputs.size(0), kBatch), 1024);
  for (int64_t begin = 0; begin < inputs.size(0); begin += kBatch) {
    const at::Tensor batch = inputs.slice(0, begin, std::min(begin + kBatch, inputs.size(0)));
    const Outputs outputs = plain->forward(batch, {.taps = taps});
    for (const std::string& source : sources)
      seen[source].push_back(some_of(source == "input" ? batch : outputs.features.at(source), most));
  }
  const TensorMap own = state_of(*result);
  for (const std::string& source : sources) {
    const ByteRange range = best_range(at::cat(seen.at(source)));
    at::Tensor(own.at(source + kSuffix + ".scale")).fill_(range.scale);
    at::Tensor(own.at(source + kSuffix + ".zero_point")).fill_(static_cast<double>(range.zero_point));
  }
  result->to(inputs.device());
  return result;
}

}  // namespace limbeck
