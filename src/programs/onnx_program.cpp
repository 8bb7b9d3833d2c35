#include "programs/onnx_program.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linspace.h>
#include <onnx/onnx_pb.h>
#include <torch/script.h>

#include <limits>
#include <set>

#include "core/error.h"
#include "programs/onnx_graph.h"
#include "programs/onnx_translator.h"
#include "programs/onnx_weights.h"

namespace limbeck {
namespace {

constexpr size_t kLeastLimit = size_t{64} << 20, kOfContent = 64, kOfInput = 4096;

/// The most that a tensor may take while a file is translated: what its weights and its input justify.
size_t allocation_limit(const std::string& content, size_t input_bytes) {
  return kLeastLimit + kOfContent * content.size() + kOfInput * input_bytes;
}

onnx::ModelProto parsed_model(const std::string& content, const fs::path& file) {
  onnx::ModelProto model;
  if (content.size() > static_cast<size_t>(std::numeric_limits<int>::max()) || !model.ParseFromString(content))
    throw Error(fmt::format("'{}' is no ONNX file, or damaged: it cannot be read to its end", file.string()));
  if (!model.has_graph()) throw Error(fmt::format("'{}' is no ONNX file: it holds no graph", file.string()));
  return model;
}

std::string input_names(const std::vector<const onnx::ValueInfoProto*>& inputs) {
  std::string names;
  for (const auto* input : inputs) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", input->name());
  return names.empty() ? "none" : names;
}

/// What to write where the data's images can be given in the shape that a network takes.
std::string way_to_fit(const Shape& own, const Shape& example) {
  if (own.size() != 3 || example.size() != 3) return "";
  const bool is_last = own[0] != example[0] && own[2] == example[0];  // channels
  if (is_last) return ". Its channels are last: write `layout: nhwc`, and `input: { size: [height, width] }` to resize";
  if (own[0] == example[0])
    return fmt::format(". Write `input: {{ size: [{}, {}] }}` to resize them for it", own[1], own[2]);
  return own[0] == 3 && example[0] == 1 ? ". Write `channels: gray_to_rgb` to give it gray images as three channels"
                                        : "";
}

/// The shape of a batch, of which the first extent is 0 where the file leaves it open.
Shape batch_shape(const onnx::ValueInfoProto& input, const fs::path& file, const Shape& example) {
  const auto refuse = [&](const std::string& why) {
    throw Error(fmt::format("'{}': its input '{}' {}", file.string(), input.name(), why));
  };
  if (!input.type().has_tensor_type()) refuse("is no tensor");
  const onnx::TypeProto::Tensor& type = input.type().tensor_type();
  if (!type.has_shape()) {
    Shape shape = example;
    shape.insert(shape.begin(), 0);
    return shape;
  }
  Shape shape;
  for (const auto& extent : type.shape().dim()) shape.push_back(extent.dim_value());
  if (shape.empty()) refuse("is a single number; expected a batch of examples");
  const Shape own(shape.begin() + 1, shape.end());
  if (!example.empty() && example.size() != own.size())
    refuse(fmt::format("takes examples of {} axes; the data's have {} ({})", own.size(), example.size(),
                       to_text(example)));
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i] < 0) refuse("has a negative extent");
    if (own[i] == 0 && example.empty()) refuse("leaves the extents of an example open; expected the data's shape");
    if (own[i] == 0) shape[i + 1] = example[i];
    if (own[i] != 0 && !example.empty() && own[i] != example[i])
      refuse(fmt::format("takes examples of {}; the data's are {}{}", to_text(own), to_text(example),
                         way_to_fit(own, example)));
  }
  return shape;
}

/// The input as the file's type, from the floats that networks are given.
TriedProgram::Value* typed_input(TriedProgram& program, TriedProgram::Value* input, at::ScalarType type) {
  if (type == at::kByte) {
    auto* scaled = program.call("aten::round", {program.call("aten::mul", {input, 255.0})});
    return program.call("aten::to", {program.call("aten::clamp", {scaled, 0, 255}), type});
  }
  const bool is_same = type == at::kFloat || type == at::kHalf || type == at::kBFloat16;
  return is_same ? input : program.call("aten::to", {input, type});
}

/// Those names of initializers that are weights of the module.
std::map<std::string, std::string> names_in(const torch::jit::Module& module,
                                            const std::map<std::string, std::string>& initializers) {
  std::set<std::string> tensors;
  for (const auto& parameter : module.named_parameters()) tensors.insert(parameter.name);
  for (const auto& buffer : module.named_buffers()) tensors.insert(buffer.name);
  std::map<std::string, std::string> kept;
  for (const auto& [name, own] : initializers)
    if (tensors.contains(own)) kept[name] = own;
  return kept;
}

}  // namespace

TranslatedOnnx read_onnx_program(const std::string& content, const fs::path& file, const Shape& example) {
  onnx::ModelProto model = parsed_model(content, file);
  OnnxTensorReader reader(file);
  try {
    separate_weights(model, reader);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}': {}", file.string(), error.what()));
  }
  const auto inputs = inputs_of(model.graph());
  if (inputs.size() != 1)
    throw Error(
        fmt::format("'{}' has the inputs {}; expected one, a batch of examples", file.string(), input_names(inputs)));
  Shape shape = batch_shape(*inputs.front(), file, example);
  const OnnxReading reading{.is_network = true, .fixed_batch = shape.front()};
  std::vector<at::Tensor> examples;
  int64_t elements = 1;
  for (size_t i = 1; i < shape.size(); ++i)
    if (__builtin_mul_overflow(elements, shape[i], &elements) || elements > (int64_t{1} << 32))
      throw Error(fmt::format("'{}' takes examples that are too large", file.string()));
  const int64_t fewest = reading.fixed_batch == 2 || reading.fixed_batch == 3 ? 4 : 2;
  for (const int64_t batch : {fewest, fewest + 1}) {
    shape.front() = batch;
    examples.push_back(at::linspace(0, 1, element_count(shape), at::kFloat).reshape(shape));
  }
  TriedProgram program(file.string(), examples.size(), allocation_limit(content, examples.back().nbytes()));
  OnnxTranslator translator(model, file, reading, program);
  const std::string& name = inputs.front()->name();
  at::ScalarType type = at::kFloat;
  try {
    type = type_of_onnx(inputs.front()->type().tensor_type().elem_type());
  } catch (const Error& error) {
    throw Error(fmt::format("'{}': its input '{}': {}", file.string(), name, error.what()));
  }
  translator.set_input(name, typed_input(program, program.input(name, examples), type));
  torch::jit::Module module = program.finish(translator.run());
  const std::map<std::string, std::string> kept = names_in(module, translator.initializers());
  const std::string only_output = model.graph().output_size() == 1 ? model.graph().output(0).name() : "";
  return {module, graph_without_weights(std::move(model), kept, reader), only_output};
}

torch::jit::Module read_onnx_function(const std::string& content, const fs::path& file,
                                      const std::vector<OnnxExample>& examples) {
  const onnx::ModelProto model = parsed_model(content, file);
  const auto inputs = inputs_of(model.graph());
  if (inputs.size() != examples.size())
    throw Error(
        fmt::format("'{}' has the inputs {}; {} were given", file.string(), input_names(inputs), examples.size()));
  const OnnxReading reading{.is_network = false};
  size_t bytes = 0;
  for (const OnnxExample& example : examples) bytes += example.tensor.nbytes();
  TriedProgram program(file.string(), 1, allocation_limit(content, bytes));
  OnnxTranslator translator(model, file, reading, program);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string& name = inputs[i]->name();
    translator.set_input(name, examples[i].is_constant ? OnnxValue(examples[i].tensor)
                                                       : OnnxValue(program.input(name, {examples[i].tensor})));
  }
  return program.finish(translator.run());
}

}  // namespace limbeck
