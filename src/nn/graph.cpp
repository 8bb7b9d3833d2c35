#include "nn/graph.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace limbeck {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::string to_text(const Shape& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text.empty() ? "scalar" : text;
}

std::string operation_name(const Operation& operation) {
  return std::visit(Overloaded{[](const Linear&) { return "linear"; }, [](const Relu&) { return "relu"; },
                               [](const Dropout&) { return "dropout"; }, [](const Flatten&) { return "flatten"; }},
                    operation);
}

size_t Graph::add(std::string name, Operation operation, std::vector<size_t> inputs) {
  if (inputs.size() != 1) throw Error(fmt::format("node '{}' has {} inputs; expected 1", name, inputs.size()));
  if (inputs[0] != kInput && inputs[0] >= nodes_.size())
    throw Error(fmt::format("node '{}' takes node {}, which does not exist yet", name, inputs[0]));
  const auto same_name = [&](const Node& node) { return node.name == name; };
  if (std::any_of(nodes_.begin(), nodes_.end(), same_name)) throw Error(fmt::format("a second node '{}'", name));
  if (auto* dropout = std::get_if<Dropout>(&operation)) {
    const auto is_dropout = [](const Node& node) { return std::holds_alternative<Dropout>(node.operation); };
    dropout->lane = static_cast<uint32_t>(std::count_if(nodes_.begin(), nodes_.end(), is_dropout));
  }
  Shape shape = infer(name, operation, shape_of(inputs[0]));
  nodes_.push_back({std::move(name), operation, std::move(inputs), std::move(shape)});
  return nodes_.size() - 1;
}

Shape Graph::infer(const std::string& name, const Operation& operation, const Shape& input) const {
  const auto linear = [&](const Linear& op) -> Shape {
    if (input.size() != 1 || input[0] != op.in)
      throw Error(fmt::format("node '{}' takes {} inputs, but gets {}", name, op.in, to_text(input)));
    return {op.out};
  };
  return std::visit(Overloaded{linear, [&](const Flatten&) -> Shape { return {element_count(input)}; },
                               [&](const auto&) { return input; }},
                    operation);
}

std::vector<std::string> Graph::node_names() const {
  std::vector<std::string> names;
  for (const Node& node : nodes_) names.push_back(node.name);
  return names;
}

std::vector<ParameterDescription> Graph::parameters_of(const Node& node) const {
  const auto* linear = std::get_if<Linear>(&node.operation);
  if (linear == nullptr) return {};
  std::vector<ParameterDescription> own = {{node.name + ".weight", {linear->out, linear->in}, linear->in}};
  if (linear->bias) own.push_back({node.name + ".bias", {linear->out}, linear->in});
  return own;
}

std::vector<ParameterDescription> Graph::parameters() const {
  std::vector<ParameterDescription> all;
  for (const Node& node : nodes_)
    for (ParameterDescription& parameter : parameters_of(node)) all.push_back(std::move(parameter));
  return all;
}

int64_t Graph::parameter_count() const {
  int64_t count = 0;
  for (const ParameterDescription& parameter : parameters()) count += element_count(parameter.shape);
  return count;
}

int64_t Graph::multiply_adds() const {
  int64_t count = 0;
  for (const Node& node : nodes_)
    if (const auto* linear = std::get_if<Linear>(&node.operation)) count += linear->in * linear->out;
  return count;
}

}  // namespace limbeck
