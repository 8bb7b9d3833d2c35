#include "deploy/onnx.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "core/error.h"
#include "deploy/graph_onnx.h"
#include "deploy/torchscript_onnx.h"
#include "nn/ensembles/committee.h"
#include "nn/fold.h"
#include "nn/matched_classes.h"
#include "programs/program_network.h"
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
  constexpr double kMargin = ProgramNetwork::sigmoid_margin();
  const std::string p = onnx.node("Clip", {output, number("smallest", kMargin), number("largest", 1 - kMargin)});
  return onnx.node("Sub", {onnx.node("Log", {p}), onnx.node("Log", {onnx.node("Sub", {number("one", 1), p})})});
}

Logits add_script(OnnxBuilder& onnx, const ProgramNetwork& script, const Shape& input, std::string value) {
  Shape shape = input;
  for (const InputOperation& step : input_operations(script.input(), input)) {
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
  return {add_logits(onnx, script, add_torchscript(onnx, script, shape, value)), script.classes()};
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

}  // namespace

bool writes_onnx() {
  return true;
}

std::string to_onnx(const Network& network, const Shape& input, const OnnxOptions& options) {
  OnnxBuilder onnx;
  std::string value = onnx.input("input", options.bytes ? at::kByte : at::kFloat, input);
  if (options.bytes) {
    value = onnx.node("Cast", {value}, {{"to", OnnxBuilder::kFloat}}, "input.float");
    value = onnx.node("Mul", {value, onnx.constant("input.scale", at::tensor(options.scale, at::kDouble))}, {},
                      "input.scaled");
  }
  Logits logits = add_network(onnx, network, input, value);
  if (options.softmax) logits.value = onnx.node("Softmax", {logits.value}, {{"axis", 1}});
  onnx.output(options.softmax ? "probabilities" : "logits", logits.value, {logits.classes});
  return onnx.finish("limbeck", options.metadata);
}

}  // namespace limbeck
