#include "deploy/onnx.h"

#include "deploy/graph_onnx.h"
#include "deploy/torchscript_onnx.h"
#include "nn/fold.h"
#include "nn/torchscript_network.h"

namespace limbeck {

std::string to_onnx(const Network& network, const Shape& input, const OnnxOptions& options) {
  const auto* graph = dynamic_cast<const GraphNetwork*>(&network);
  const auto* script = dynamic_cast<const TorchScriptNetwork*>(&network);
  if (graph == nullptr && script == nullptr)
    throw Error(ErrorKind::usage, "several networks together have no ONNX file; export its members, or distil them into one");
  OnnxBuilder onnx;
  std::string value = onnx.input("input", options.bytes ? torch::kUInt8 : torch::kFloat32, input);
  if (options.bytes) {
    value = onnx.node("Cast", {value}, {{"to", OnnxBuilder::kFloat}}, "input.float");
    value = onnx.node("Mul", {value, onnx.constant("input.scale", torch::tensor(options.scale, torch::kFloat64))}, {}, "input.scaled");
  }
  int64_t classes = 0;
  if (graph != nullptr) {
    classes = graph->graph().output_shape().front();
    value = add_graph(onnx, *batch_norm_folded(*graph), value);
  } else {
    classes = script->classes();
    Shape shape = input;
    for (const InputOperation& step : input_operations(script->input(), input)) {
      value = add_operation(onnx, step.name, step.operation, shape, value);
      if (const auto* resize = std::get_if<Resize>(&step.operation)) shape = {shape[0], resize->height, resize->width};
    }
    value = add_torchscript(onnx, *script, shape, value);
  }
  if (options.softmax) value = onnx.node("Softmax", {value}, {{"axis", 1}});
  onnx.output(options.softmax ? "probabilities" : "logits", value, {classes});
  return onnx.finish("limbeck", options.metadata);
}

}  // namespace limbeck
