#include "limbeck/graph.h"
#include "core/error.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/nearest.h"

namespace limbeck {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

/// Infers the output's shape of one operation. Errors say what is wrong without naming the node.
class ShapeInference {
 public:
  explicit ShapeInference(std::vector<Shape> inputs) : inputs_(std::move(inputs)) {}

  Shape operator()(const Linear& op) const {
    if (first() != Shape{op.in}) throw Error(fmt::format("takes {} inputs, but gets {}", op.in, to_text(first())));
    return {op.out};
  }
  Shape operator()(const Convolution& op) const {
    require_channels(op.in);
    if (op.groups < 1 || op.in % op.groups != 0 || op.out % op.groups != 0)
      throw Error(fmt::format("divides {} and {} channels into {} groups", op.in, op.out, op.groups));
    return {op.out, windows(first()[1], op.kernel, op.stride, op.padding, false),
            windows(first()[2], op.kernel, op.stride, op.padding, false)};
  }
  Shape operator()(const BatchNorm& op) const {
    if (first().size() != 1)
      require_channels(op.channels);
    else if (first()[0] != op.channels)
      throw Error(fmt::format("takes {} inputs, but gets {}", op.channels, first()[0]));
    return first();
  }
  Shape operator()(const Maxout& op) const {
    if (op.pieces < 1 || first()[0] % op.pieces != 0)
      throw Error(fmt::format("takes the largest of {} pieces of {} channels", op.pieces, first()[0]));
    Shape shape = first();
    shape[0] /= op.pieces;
    return shape;
  }
  Shape operator()(const MaxPool& op) const { return pooled(op.kernel, op.stride, op.padding, op.ceil); }
  Shape operator()(const AveragePool& op) const { return pooled(op.kernel, op.stride, op.padding, false); }
  Shape operator()(const GlobalAveragePool& op) const {
    require_image();
    return op.flat ? Shape{first()[0]} : Shape{first()[0], 1, 1};
  }
  Shape operator()(const Add&) const {
    for (const Shape& other : inputs_)
      if (other != first()) throw Error(fmt::format("adds {} to {}", to_text(other), to_text(first())));
    return first();
  }
  Shape operator()(const Concatenate&) const {
    require_image();
    Shape joined = first();
    for (size_t i = 1; i < inputs_.size(); ++i) {
      const Shape& next = inputs_[i];
      if (next.size() != 3 || next[1] != joined[1] || next[2] != joined[2])
        throw Error(fmt::format("joins {} to {}", to_text(next), to_text(joined)));
      joined[0] += next[0];
    }
    return joined;
  }
  Shape operator()(const Slice& op) const {
    require_image();
    if (op.begin < 0 || op.begin >= op.end || op.end > first()[0])
      throw Error(fmt::format("takes channels {} to {} of {}", op.begin, op.end - 1, first()[0]));
    return {op.end - op.begin, first()[1], first()[2]};
  }
  Shape operator()(const ChannelShuffle& op) const {
    require_image();
    if (op.groups < 1 || first()[0] % op.groups != 0)
      throw Error(fmt::format("divides {} channels into {} groups", first()[0], op.groups));
    return first();
  }
  Shape operator()(const Flatten&) const { return {element_count(first())}; }
  Shape operator()(const Normalize& op) const {
    require_channels(static_cast<int64_t>(op.mean.size()));
    require_channels(static_cast<int64_t>(op.deviation.size()));
    return first();
  }
  Shape operator()(const Resize& op) const {
    require_image();
    return {first()[0], op.height, op.width};
  }
  template <class Elementwise>
  Shape operator()(const Elementwise&) const {
    return first();
  }

 private:
  const Shape& first() const { return inputs_.front(); }

  void require_image() const {
    if (first().size() != 3) throw Error(fmt::format("takes [channels, height, width], but gets {}", to_text(first())));
  }
  void require_channels(int64_t channels) const {
    require_image();
    if (first()[0] != channels) throw Error(fmt::format("takes {} channels, but gets {}", channels, to_text(first())));
  }
  Shape pooled(int64_t kernel, int64_t stride, int64_t padding, bool ceil) const {
    require_image();
    return {first()[0], windows(first()[1], kernel, stride, padding, ceil),
            windows(first()[2], kernel, stride, padding, ceil)};
  }
  /// How many windows fit along one axis.
  static int64_t windows(int64_t extent, int64_t kernel, int64_t stride, int64_t padding, bool ceil) {
    const int64_t room = extent + 2 * padding - kernel;
    if (room < 0) throw Error(fmt::format("has a window of {} for {} pixels", kernel, extent));
    int64_t count = room / stride + 1;
    if (ceil && room % stride != 0 && count * stride < extent + padding) ++count;  // a window must start inside
    return count;
  }

  std::vector<Shape> inputs_;
};

bool takes_several(const Operation& operation) {
  return std::holds_alternative<Add>(operation) || std::holds_alternative<Concatenate>(operation);
}

bool rounds_weights(const Operation& operation) {
  const auto* linear = std::get_if<Linear>(&operation);
  const auto* convolution = std::get_if<Convolution>(&operation);
  return (linear != nullptr && linear->rounds) || (convolution != nullptr && convolution->rounds);
}

/// The numbers of an operation that its output depends on.
std::vector<double> numbers_of(const Operation& operation) {
  const auto list = [](const auto&... values) { return std::vector<double>{static_cast<double>(values)...}; };
  return std::visit(
      Overloaded{[&](const Linear& op) { return list(op.in, op.out, op.bias); },
                 [&](const Convolution& op) {
                   return list(op.in, op.out, op.kernel, op.stride, op.padding, op.groups, op.bias);
                 },
                 [&](const BatchNorm& op) { return list(op.channels, op.epsilon); },
                 [&](const LeakyRelu& op) { return list(op.slope); }, [&](const Maxout& op) { return list(op.pieces); },
                 [&](const MaxPool& op) { return list(op.kernel, op.stride, op.padding, op.ceil); },
                 [&](const AveragePool& op) { return list(op.kernel, op.stride, op.padding); },
                 [&](const GlobalAveragePool& op) { return list(op.flat); },
                 [&](const Slice& op) { return list(op.begin, op.end); },
                 [&](const ChannelShuffle& op) { return list(op.groups); },
                 [&](const Dropout& op) { return list(op.probability); },
                 [&](const Normalize& op) {
                   std::vector<double> numbers = op.mean;
                   numbers.insert(numbers.end(), op.deviation.begin(), op.deviation.end());
                   return numbers;
                 },
                 [&](const Resize& op) { return list(op.height, op.width); }, [&](const Relu&) { return list(); },
                 [&](const Relu6&) { return list(); }, [&](const Add&) { return list(); },
                 [&](const Concatenate&) { return list(); }, [&](const Flatten&) { return list(); },
                 [&](const Quantize&) { return list(); }},
      operation);
}

}  // namespace

std::string Graph::description() const {
  std::string text = to_text(input_shape_) + "\n";
  for (const Node& node : nodes_) {
    std::vector<int64_t> from;
    for (const size_t input : node.inputs) from.push_back(input == kInput ? -1 : static_cast<int64_t>(input));
    text +=
        fmt::format("{}{} {} <- {}\n", operation_name(node.operation), rounds_weights(node.operation) ? " rounded" : "",
                    fmt::join(numbers_of(node.operation), " "), fmt::join(from, " "));
  }
  return text;
}

size_t Graph::add(std::string name, Operation operation, std::vector<size_t> inputs) {
  const bool several = takes_several(operation);
  if (several ? inputs.size() < 2 : inputs.size() != 1)
    throw Error(fmt::format("node '{}' has {} inputs; expected {}", name, inputs.size(), several ? "at least 2" : "1"));
  std::vector<Shape> shapes;
  for (const size_t input : inputs) {
    if (input != kInput && input >= nodes_.size())
      throw Error(fmt::format("node '{}' takes node {}, which does not exist yet", name, input));
    shapes.push_back(shape_of(input));
  }
  require_new(name);
  if (auto* dropout = std::get_if<Dropout>(&operation)) {
    const auto is_dropout = [](const Node& node) { return std::holds_alternative<Dropout>(node.operation); };
    dropout->lane = static_cast<uint32_t>(std::count_if(nodes_.begin(), nodes_.end(), is_dropout));
  }
  Shape shape;
  try {
    shape = std::visit(ShapeInference(std::move(shapes)), operation);
  } catch (const Error& error) {
    throw Error(fmt::format("node '{}' {}", name, error.what()));
  }
  nodes_.push_back({std::move(name), std::move(operation), std::move(inputs), std::move(shape)});
  return nodes_.size() - 1;
}

void Graph::require_new(const std::string& name) const {
  const std::vector<std::string> names = feature_list();
  if (std::find(names.begin(), names.end(), name) != names.end()) throw Error(fmt::format("a second node '{}'", name));
}

void Graph::name_feature(std::string name, size_t node) {
  if (node >= nodes_.size()) throw Error(fmt::format("feature '{}' names node {}, which does not exist", name, node));
  require_new(name);
  feature_names_[std::move(name)] = node;
}

size_t Graph::feature(const std::string& name) const {
  if (const auto named = feature_names_.find(name); named != feature_names_.end()) return named->second;
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].name == name) return i;
  throw Error(ErrorKind::usage,
              fmt::format("the network has no node '{}' to tap{}", name, suggestion(name, feature_list())));
}

std::vector<std::string> Graph::feature_list() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : feature_names_) names.push_back(name);
  for (const Node& node : nodes_) names.push_back(node.name);
  return names;
}

std::vector<size_t> Graph::uses() const {
  std::vector<size_t> counts(nodes_.size(), 0);
  for (const Node& node : nodes_)
    for (const size_t input : node.inputs)
      if (input != kInput) ++counts[input];
  return counts;
}

std::vector<ParameterDescription> Graph::parameters_of(const Node& node) const {
  std::vector<ParameterDescription> own;
  const auto layer = [&](const Shape& weight, const auto& op, int64_t fan_in, int64_t fan_out) {
    own.push_back({node.name + ".weight", weight, op.initial, fan_in, fan_out});
    const bool from_zero = op.initial != Initial::uniform;
    if (op.bias)
      own.push_back({node.name + ".bias", {op.out}, from_zero ? Initial::zeros : Initial::uniform, fan_in, fan_out});
  };
  if (const auto* op = std::get_if<Linear>(&node.operation)) {
    layer({op->out, op->in}, *op, op->in, op->out);
  } else if (const auto* op = std::get_if<Convolution>(&node.operation)) {
    const int64_t area = op->kernel * op->kernel;
    layer({op->out, op->in / op->groups, op->kernel, op->kernel}, *op, op->in / op->groups * area, op->out * area);
  } else if (const auto* op = std::get_if<BatchNorm>(&node.operation)) {
    own.push_back({node.name + ".weight", {op->channels}, Initial::ones});
    own.push_back({node.name + ".bias", {op->channels}, Initial::zeros});
  }
  return own;
}

std::vector<ParameterDescription> Graph::buffers_of(const Node& node) const {
  if (std::holds_alternative<Quantize>(node.operation))
    return {{node.name + ".scale", {1}, Initial::ones}, {node.name + ".zero_point", {1}, Initial::zeros}};
  const auto* op = std::get_if<BatchNorm>(&node.operation);
  if (op == nullptr) return {};
  return {{node.name + ".running_mean", {op->channels}, Initial::zeros},
          {node.name + ".running_var", {op->channels}, Initial::ones}};
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
  for (const Node& node : nodes_) {
    if (const auto* op = std::get_if<Linear>(&node.operation)) count += op->in * op->out;
    if (const auto* op = std::get_if<Convolution>(&node.operation))
      count += element_count(node.shape) * (op->in / op->groups) * op->kernel * op->kernel;
  }
  return count;
}

}  // namespace limbeck
