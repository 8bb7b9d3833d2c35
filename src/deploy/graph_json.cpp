#include "deploy/graph_json.h"

#include "core/json.h"

namespace limbeck {
namespace {

constexpr const char* kInputName = "input";

/// Adds that a layer's weights are rounded to bytes; they stand in the file as they were before.
Json with_rounding(Json numbers, bool rounds) {
  if (rounds) numbers["rounds"] = true;
  return numbers;
}

/// The numbers of an operation by name; what only training uses is left out.
struct Numbers {
  Json operator()(const Linear& op) const { return with_rounding({{"in", op.in}, {"out", op.out}}, op.rounds); }
  Json operator()(const Convolution& op) const {
    return with_rounding({{"in", op.in},
                          {"out", op.out},
                          {"kernel", op.kernel},
                          {"stride", op.stride},
                          {"padding", op.padding},
                          {"groups", op.groups}},
                         op.rounds);
  }
  Json operator()(const BatchNorm& op) const { return {{"channels", op.channels}, {"epsilon", op.epsilon}}; }
  Json operator()(const LeakyRelu& op) const { return {{"slope", op.slope}}; }
  Json operator()(const Maxout& op) const { return {{"pieces", op.pieces}}; }
  Json operator()(const MaxPool& op) const {
    return {{"kernel", op.kernel}, {"stride", op.stride}, {"padding", op.padding}, {"ceil", op.ceil}};
  }
  Json operator()(const AveragePool& op) const {
    return {{"kernel", op.kernel}, {"stride", op.stride}, {"padding", op.padding}};
  }
  Json operator()(const GlobalAveragePool& op) const { return {{"flat", op.flat}}; }
  Json operator()(const Slice& op) const { return {{"begin", op.begin}, {"end", op.end}}; }
  Json operator()(const ChannelShuffle& op) const { return {{"groups", op.groups}}; }
  Json operator()(const Dropout& op) const { return {{"probability", op.probability}}; }
  Json operator()(const Normalize& op) const { return {{"mean", op.mean}, {"deviation", op.deviation}}; }
  Json operator()(const Resize& op) const { return {{"height", op.height}, {"width", op.width}}; }
  template <class Plain>
  Json operator()(const Plain&) const {
    return Json::object();
  }
};

}  // namespace

Json to_json(const Graph& graph) {
  const auto name_of = [&](size_t node) {
    return node == Graph::kInput ? std::string(kInputName) : graph.nodes().at(node).name;
  };
  Json layers = Json::array();
  for (const Node& node : graph.nodes()) {
    Json layer = {{"name", node.name},
                  {"operation", operation_name(node.operation)},
                  {"inputs", Json::array()},
                  {"shape", node.shape}};
    for (const size_t input : node.inputs) layer["inputs"].push_back(name_of(input));
    layer.update(std::visit(Numbers{}, node.operation));
    for (const auto& tensors : {graph.parameters_of(node), graph.buffers_of(node)})
      for (const ParameterDescription& tensor : tensors)
        layer["parameters"][tensor.name.substr(node.name.size() + 1)] = tensor.name;
    layers.push_back(std::move(layer));
  }
  return {{"input", {{"name", kInputName}, {"shape", graph.input_shape()}}},
          {"layers", layers},
          {"output", graph.nodes().back().name}};
}

}  // namespace limbeck
