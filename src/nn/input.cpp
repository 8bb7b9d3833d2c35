#include "nn/input.h"

#include "core/error.h"
#include "core/json.h"

namespace limbeck {

Shape shape_after(const InputOptions& input, const Shape& raw) {
  if (input.height == 0) return raw;
  if (raw.size() != 3) throw Error(fmt::format("examples of {} are no images, and cannot be resized", to_text(raw)));
  return {raw[0], input.height, input.width};
}

std::vector<InputOperation> input_operations(const InputOptions& input, const Shape& raw) {
  std::vector<InputOperation> operations;
  if (shape_after(input, raw) != raw) operations.push_back({"input.resize", Resize{input.height, input.width}});
  if (!input.mean.empty()) operations.push_back({"input.normalize", Normalize{input.mean, input.deviation}});
  return operations;
}

Graph with_input(const Graph& architecture, const InputOptions& input, const Shape& raw) {
  const std::vector<InputOperation> operations = input_operations(input, raw);
  if (operations.empty()) return architecture;
  Graph graph(raw);
  size_t last = Graph::kInput;
  for (const InputOperation& step : operations) last = graph.add(step.name, step.operation, {last});
  const auto moved = [&](size_t node) { return node == Graph::kInput ? last : node + operations.size(); };
  for (const Node& node : architecture.nodes()) {
    std::vector<size_t> inputs;
    for (const size_t source : node.inputs) inputs.push_back(moved(source));
    graph.add(node.name, node.operation, std::move(inputs));
  }
  for (const auto& [name, node] : architecture.feature_names()) graph.name_feature(name, moved(node));
  return graph;
}

Json to_json(const InputOptions& input) {
  Json json = Json::object();
  if (input.height > 0) json["size"] = {input.height, input.width};
  if (!input.mean.empty()) json.update({{"mean", input.mean}, {"std", input.deviation}});
  return json;
}

InputOptions input_options_from(const Json& json) {
  InputOptions input;
  if (json.contains("size")) {
    input.height = json.at("size").at(0).get<int64_t>();
    input.width = json.at("size").at(1).get<int64_t>();
  }
  if (json.contains("mean")) {
    input.mean = json.at("mean").get<std::vector<double>>();
    input.deviation = json.at("std").get<std::vector<double>>();
  }
  return input;
}

}  // namespace limbeck
