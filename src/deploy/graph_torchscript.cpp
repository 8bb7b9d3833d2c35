#include "deploy/graph_torchscript.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/script.h>

#include <functional>
#include <sstream>

#include "core/error.h"
#include "kernels/plain_operations.h"
#include "nn/quantization.h"

namespace limbeck {
namespace {

using Module = torch::jit::Module;
using torch::jit::NamedValue;
using torch::jit::Value;

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream stream(name);
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  return parts;
}

void register_tensor(Module owner, const std::string& name, const at::Tensor& value, bool is_parameter) {
  const std::vector<std::string> parts = parts_of(name);
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!owner.hasattr(parts[i])) owner.register_module(parts[i], Module("Part"));
    owner = owner.attr(parts[i]).toModule();
  }
  const at::Tensor own = value.detach().to(at::kCPU).clone();
  if (is_parameter)
    owner.register_parameter(parts.back(), own.requires_grad_(), /*is_buffer=*/false);
  else
    owner.register_buffer(parts.back(), own);
}

Shape both(int64_t extent) {
  return {extent, extent};
}

/// Writes one node of a graph into a program.
class ScriptWriter {
 public:
  ScriptWriter(const Module& module, torch::jit::Graph& program, const Node& node, std::vector<Value*> inputs,
               const Shape& input_shape)
      : module_(module), program_(program), node_(node), inputs_(std::move(inputs)), input_shape_(input_shape) {}

  Value* operator()(const Linear& op) const { return call("linear", {x(), weight(op.rounds), bias(op.bias)}); }
  Value* operator()(const Convolution& op) const {
    return call("conv2d",
                {x(), weight(op.rounds), bias(op.bias), both(op.stride), both(op.padding), both(1), op.groups});
  }
  Value* operator()(const BatchNorm& op) const {
    return call("batch_norm", {x(), own("weight"), own("bias"), own("running_mean"), own("running_var"), training(),
                               op.momentum, op.epsilon, true});
  }
  Value* operator()(const Relu&) const { return call("relu", {x()}); }
  Value* operator()(const Relu6&) const { return call("clamp", {x(), 0, 6}); }
  Value* operator()(const LeakyRelu& op) const { return call("leaky_relu", {x(), op.slope}); }
  Value* operator()(const Maxout& op) const {
    const int64_t channels = input_shape_[0] / op.pieces;
    Value* largest = channels_of(0, channels);
    for (int64_t i = 1; i < op.pieces; ++i)
      largest = call("maximum", {largest, channels_of(i * channels, (i + 1) * channels)});
    return largest;
  }
  Value* operator()(const MaxPool& op) const {
    return call("max_pool2d", {x(), both(op.kernel), both(op.stride), both(op.padding), both(1), op.ceil});
  }
  Value* operator()(const AveragePool& op) const {
    return call("avg_pool2d", {x(), both(op.kernel), both(op.stride), both(op.padding)});
  }
  Value* operator()(const GlobalAveragePool& op) const { return call("mean", {x(), both_sides(), !op.flat}); }
  Value* operator()(const Add&) const {
    Value* sum = inputs_[0];
    for (size_t i = 1; i < inputs_.size(); ++i) sum = call("add", {sum, inputs_[i]});
    return sum;
  }
  Value* operator()(const Concatenate&) const {
    return call("cat", {program_.insertNode(program_.createList(c10::TensorType::get(), inputs_))->output(), 1});
  }
  Value* operator()(const Slice& op) const { return channels_of(op.begin, op.end); }
  Value* operator()(const ChannelShuffle& op) const {
    const int64_t channels = input_shape_[0], height = input_shape_[1], width = input_shape_[2];
    Value* groups = call("reshape", {x(), Shape{-1, op.groups, channels / op.groups, height, width}});
    return call("reshape", {call("transpose", {groups, 1, 2}), Shape{-1, channels, height, width}});
  }
  Value* operator()(const Dropout& op) const { return call("dropout", {x(), op.probability, training()}); }
  Value* operator()(const Flatten&) const { return call("flatten", {x(), 1, -1}); }
  Value* operator()(const Normalize& op) const {
    const auto per_channel = [&](const char* what, const std::vector<double>& values) {
      return constant(what, at::tensor(values, at::kFloat).reshape({-1, 1, 1}));
    };
    return call("div", {call("sub", {x(), per_channel("mean", op.mean)}), per_channel("deviation", op.deviation)});
  }
  Value* operator()(const Resize& op) const {
    const ResizeWeights weights = resize_weights(op, input_shape_);
    return call("matmul",
                {call("matmul", {constant("rows", weights.rows), x()}), constant("columns", weights.columns)});
  }
  Value* operator()(const Quantize&) const {
    return call("fake_quantize_per_tensor_affine", {x(), own("scale"), integers(own("zero_point")), 0, 255});
  }

 private:
  Value* call(const char* operation, const std::vector<NamedValue>& arguments) const {
    return program_.insert(c10::Symbol::aten(operation), arguments);
  }
  Value* x() const { return inputs_.front(); }
  Value* channels_of(int64_t begin, int64_t end) const { return call("slice", {x(), 1, begin, end, 1}); }
  Value* attribute(const std::string& name) const {
    Value* value = program_.inputs().at(0);
    for (const std::string& part : parts_of(name)) value = program_.insertGetAttr(value, part);
    return value;
  }
  Value* own(const char* what) const { return attribute(node_.name + "." + what); }
  NamedValue bias(bool there) const { return there ? NamedValue(own("bias")) : NamedValue(c10::IValue()); }
  Value* training() const { return attribute("training"); }
  static Shape both_sides() { return {2, 3}; }
  Value* constant(const char* what, const at::Tensor& value) const {
    register_tensor(module_, node_.name + "." + what, value, false);
    return own(what);
  }
  Value* integers(Value* value) const { return call("to", {value, static_cast<int64_t>(at::kInt)}); }
  Value* weight(bool rounds) const {
    Value* weight = own("weight");
    if (!rounds) return weight;
    Value* largest = call("amax", {call("flatten", {call("abs", {call("detach", {weight})}), 1, -1}), Shape{1}, false});
    Value* scales = call("clamp_min", {call("div", {largest, static_cast<double>(kWeightLevels)}), kSmallestScale});
    return call("fake_quantize_per_channel_affine",
                {weight, scales, integers(call("zeros_like", {scales})), 0, -kWeightLevels, kWeightLevels});
  }

  const Module& module_;
  torch::jit::Graph& program_;
  const Node& node_;
  std::vector<Value*> inputs_;
  const Shape& input_shape_;
};

/// Adds the network's forward to a module that has its tensors.
void add_forward(Module& module, const Graph& graph) {
  const auto program = std::make_shared<torch::jit::Graph>();
  program->addInput("self")->setType(module.type());
  Value* input = program->addInput("x");
  std::vector<Value*> values;
  for (const Node& node : graph.nodes()) {
    std::vector<Value*> inputs;
    for (const size_t from : node.inputs) inputs.push_back(from == Graph::kInput ? input : values[from]);
    values.push_back(std::visit(ScriptWriter(module, *program, node, std::move(inputs), graph.shape_of(node.inputs[0])),
                                node.operation));
  }
  program->registerOutput(values.back());
  torch::jit::Function* forward = module._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*module.type()->name(), "forward"), program);
  module.type()->addMethod(forward);
}

}  // namespace

void save_graph_torchscript(const fs::path& file, const GraphNetwork& network,
                            const std::map<std::string, std::string>& extra) {
  try {
    Module module("Network");
    module.register_attribute("training", c10::BoolType::get(), true);
    for (const Parameter& parameter : network.parameters())
      register_tensor(module, parameter.name, parameter.value, true);
    for (const Parameter& buffer : network.buffers()) register_tensor(module, buffer.name, buffer.value, false);
    add_forward(module, network.graph());
    module.eval();
    std::ostringstream stream;
    module.save(stream, {extra.begin(), extra.end()});
    write_file(file, stream.str());
  } catch (const c10::Error& error) {
    throw Error(fmt::format("cannot write '{}' as TorchScript: {}", file.string(), error.what_without_backtrace()));
  }
}

}  // namespace limbeck
