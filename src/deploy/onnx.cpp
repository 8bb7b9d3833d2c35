#include "deploy/onnx.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <optional>

#include "core/error.h"
#include "deploy/graph_onnx.h"
#include "deploy/onnx_file.h"
#include "deploy/onnx_original.h"
#include "deploy/torchscript_onnx.h"
#include "nn/ensembles/committee.h"
#include "nn/fold.h"
#include "nn/matched_classes.h"
#include "nn/weights.h"
#include "programs/program_network.h"
#include "programs/returned_outputs.h"
#include "recipe/ensemble_mean.h"

namespace limbeck {
namespace {

struct Logits {
  std::string value;  ///< [batch, classes]
  int64_t classes = 0;
};

Logits add_network(OnnxBuilder& onnx, const Network& network, const Shape& input, const std::string& value);

/// The logits of what the program's output is.
std::string add_logits(OnnxBuilder& onnx, const ProgramNetwork& script, const std::string& output) {
  const auto number = [&](const char* name, double value) {
    return onnx.constant(name, at::tensor(value, at::kFloat));
  };
  if (script.returns() == ReturnedValues::probabilities)
    return onnx.node("Log", {onnx.node("Clip", {output, number("smallest", script.smallest_probability())})});
  if (script.returns() != ReturnedValues::sigmoid) return output;
  const std::string p =
      onnx.node("Clip", {output, number("smallest", kSigmoidMargin), number("largest", 1 - kSigmoidMargin)});
  return onnx.node("Sub", {onnx.node("Log", {p}), onnx.node("Log", {onnx.node("Sub", {number("one", 1), p})})});
}

std::string add_input(OnnxBuilder& onnx, const std::string& name, const OnnxOptions& options, const Shape& input) {
  std::string value = onnx.input(name, options.bytes ? at::kByte : at::kFloat, input);
  if (!options.bytes) return value;
  const std::string number = onnx.node("Cast", {value}, {{"to", OnnxBuilder::kFloat}}, name + ".float");
  return onnx.node("Mul", {number, onnx.constant(name + ".scale", at::tensor(options.scale, at::kDouble))}, {},
                   name + ".scaled");
}

/// What the program is given: `shape` becomes its shape.
std::string add_preparation(OnnxBuilder& onnx, const ProgramNetwork& script, Shape& shape, std::string value) {
  for (const InputOperation& step : input_operations(script.input(), shape)) {
    value = add_operation(onnx, step.name, step.operation, shape, value);
    if (const auto* resize = std::get_if<Resize>(&step.operation)) shape = {shape[0], resize->height, resize->width};
  }
  const ProgramOptions& options = script.options();
  if (options.channels == InputChannels::bgr)
    value = onnx.node("Gather", {value, onnx.constant("channels", {2, 1, 0})}, {{"axis", 1}}, "input.bgr");
  if (options.channels == InputChannels::gray_to_rgb) {
    value = onnx.node("Concat", {value, value, value}, {{"axis", 1}}, "input.rgb");
    shape[0] = 3;
  }
  if (options.layout == InputLayout::nhwc) {
    value = onnx.node("Transpose", {value}, {{"perm", Shape{0, 2, 3, 1}}}, "input.nhwc");
    shape = {shape[1], shape[2], shape[0]};
  }
  return value;
}

Logits add_script(OnnxBuilder& onnx, const ProgramNetwork& script, Shape shape, const std::string& value) {
  const std::string prepared = add_preparation(onnx, script, shape, value);
  return {add_logits(onnx, script, add_torchscript(onnx, script, shape, prepared)), script.classes()};
}

/// The mean that the committee takes (recipe/ensemble_mean.h); an arithmetic one is of distributions, whose logarithm
/// it gives.
Logits add_committee(OnnxBuilder& onnx, const Committee& committee, const Shape& input, const std::string& value) {
  const bool arithmetic = committee.mean() == EnsembleMean::arithmetic;
  std::vector<std::string> values;
  int64_t classes = 0;
  for (const std::shared_ptr<Network>& member : committee.members()) {
    const Logits logits = add_network(onnx, *member, input, value);
    classes = logits.classes;
    if (!arithmetic)
      values.push_back(logits.value);
    else
      values.push_back(onnx.node(
          "Unsqueeze", {onnx.node("LogSoftmax", {logits.value}, {{"axis", 1}}), onnx.constant("members", {1})}));
  }
  if (!arithmetic) return {onnx.node("Mean", values), classes};
  const std::string sum =
      onnx.node("ReduceLogSumExp", {onnx.node("Concat", values, {{"axis", 1}})}, {{"axes", Shape{1}}, {"keepdims", 0}});
  const at::Tensor count = at::tensor(std::log(static_cast<double>(values.size())), at::kDouble);
  return {onnx.node("Sub", {sum, onnx.constant("log_count", count)}), classes};
}

Logits add_network(OnnxBuilder& onnx, const Network& network, const Shape& input, const std::string& value) {
  if (const auto* graph = dynamic_cast<const GraphNetwork*>(&network))
    return {add_graph(onnx, *fold_batch_norm(*graph), value), graph->graph().output_shape().front()};
  if (const auto* script = dynamic_cast<const ProgramNetwork*>(&network))
    return add_script(onnx, *script, input, value);
  if (const auto* committee = dynamic_cast<const Committee*>(&network))
    return add_committee(onnx, *committee, input, value);
  if (const auto* matched = dynamic_cast<const MatchedClasses*>(&network)) {
    const std::string all = add_network(onnx, matched->network(), input, value).value;
    return {onnx.node("Gather", {all, onnx.constant("classes", matched->columns())}, {{"axis", 1}}),
            static_cast<int64_t>(matched->columns().size())};
  }
  throw Error(ErrorKind::usage,
              "a generalist with specialists has no ONNX file; export its members, or distil them into one");
}

/// The ONNX file that a program was made of, with the program's weights, and what prepares its input before it. Nothing
/// where it cannot be put before it.
std::optional<std::string> original_onnx(const ProgramNetwork& program, Shape shape, const OnnxOptions& options) {
  OriginalOnnx graph(program.onnx_graph(), state_of(program));
  OnnxBuilder before;
  for (const std::string& name : graph.names()) before.reserve(name);
  const std::string prepared =
      add_preparation(before, program, shape, add_input(before, graph.input(), options, shape));
  const bool is_sigmoid = program.returns() == ReturnedValues::sigmoid;
  if (prepared != graph.input() && !graph.takes_floats()) return std::nullopt;
  if (options.softmax && is_sigmoid) return std::nullopt;
  if (prepared != graph.input()) graph.prepare_input(before, prepared, shape);
  std::string output = graph.output(program.options().output);
  if (options.softmax && program.returns() != ReturnedValues::probabilities) output = graph.add_softmax(output);
  std::map<std::string, std::string> metadata = options.metadata;
  metadata[OnnxFile::kOutput] = output;
  metadata[OnnxFile::kReturns] = is_sigmoid ? "sigmoid"
                                 : options.softmax || program.returns() == ReturnedValues::probabilities
                                     ? "probabilities"
                                     : "logits";
  return graph.finish(metadata);
}

}  // namespace

bool writes_onnx() {
  return true;
}

std::string to_onnx(const Network& network, const Shape& input, const OnnxOptions& options) {
  if (const auto* program = dynamic_cast<const ProgramNetwork*>(&network); program && !program->onnx_graph().empty())
    if (const std::optional<std::string> content = original_onnx(*program, input, options)) return *content;
  OnnxBuilder onnx;
  Logits logits = add_network(onnx, network, input, add_input(onnx, "input", options, input));
  if (options.softmax) logits.value = onnx.node("Softmax", {logits.value}, {{"axis", 1}});
  onnx.output(options.softmax ? "probabilities" : "logits", logits.value, {logits.classes});
  return onnx.finish("limbeck", options.metadata);
}

}  // namespace limbeck
