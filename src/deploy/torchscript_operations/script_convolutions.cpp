// Convolutions.
#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

size_t side_axes(const ScriptCall& call) {
  return static_cast<size_t>(call.tensor(1).dim() - 2);
}

struct Windows {
  Shape stride, pads, dilation;  ///< pads: of the axes' beginnings, then of their ends
  int64_t groups = 1;
};

ScriptValue convolution(const ScriptCall& call, const char* operation, const Windows& windows,
                        OnnxBuilder::Attributes attributes = {}) {
  const Shape weight = call.tensor(1).sizes().vec();
  std::vector<std::string> inputs = {call.operand(0), call.operand(1, "weight")};
  if (call.has(2)) inputs.push_back(call.operand(2, "bias"));
  attributes["kernel_shape"] = Shape(weight.begin() + 2, weight.end());
  attributes["strides"] = windows.stride;
  attributes["pads"] = windows.pads;
  attributes["dilations"] = windows.dilation;
  attributes["group"] = windows.groups;
  return script_result(call.node(operation, inputs, attributes));
}

ScriptValue conv(const ScriptCall& call) {
  const size_t axes = side_axes(call);
  const Shape dilation = call.integers(5, axes);
  Shape pads(2 * axes, 0);  // those of "valid"
  if (!call.value(4).isString()) pads = script_pads(call.integers(4, axes));
  for (size_t i = 0; call.value(4).isString() && call.value(4).toStringRef() == "same" && i < axes; ++i) {
    const int64_t all = dilation[i] * (call.tensor(1).size(static_cast<int64_t>(i) + 2) - 1);
    pads[i] = all / 2;
    pads[axes + i] = all - all / 2;
  }
  return convolution(call, "Conv", {call.integers(3, axes), pads, dilation, call.integer(6)});
}

ScriptValue transposed_convolution(const ScriptCall& call, const Windows& windows, const Shape& added) {
  return convolution(call, "ConvTranspose", windows, {{"output_padding", added}});
}

ScriptValue transposed_conv(const ScriptCall& call) {
  const size_t axes = side_axes(call);
  return transposed_convolution(
      call, {call.integers(3, axes), script_pads(call.integers(4, axes)), call.integers(7, axes), call.integer(6)},
      call.integers(5, axes));
}

ScriptValue general_conv(const ScriptCall& call) {
  const size_t axes = side_axes(call);
  const Windows windows = {call.integers(3, axes), script_pads(call.integers(4, axes)), call.integers(5, axes),
                           call.integer(8)};
  if (call.value(6).toBool()) return transposed_convolution(call, windows, call.integers(7, axes));
  return convolution(call, "Conv", windows);
}

}  // namespace

ScriptOperations script_convolutions() {
  return {
      {"_convolution", general_conv},
      {"_convolution_mode", conv},
      {"conv1d", conv},
      {"conv2d", conv},
      {"conv3d", conv},
      {"conv_transpose1d", transposed_conv},
      {"conv_transpose2d", transposed_conv},
      {"convolution", general_conv},
  };
}

}  // namespace limbeck
