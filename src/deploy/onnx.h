#pragma once
// Exports a network to ONNX (opset 13), with a dynamic batch size. Batch norm and linear bottlenecks are folded into
// the adjacent layers; the network's input normalization is included. A program that was read from an ONNX file is
// written as the graph of that file, of its opset, with its operations, names and outputs.
//
//   write_file("student.onnx", to_onnx(*network, {1, 28, 28}, {.softmax = true}));
//
// input   "input", or the original's name, [batch, …]: float32 as the network takes it (pixels in [0, 1]); with
//         `bytes`, uint8, multiplied by `scale`
// output  "logits" [batch, classes], or the original's outputs; with `softmax`, "probabilities" in its place
//
// A quantized network (nn/quantization.h) is exported in QDQ format: int8 weights, and a
// QuantizeLinear/DequantizeLinear pair for each quantized activation, which runtimes fuse into integer kernels.
#include <map>
#include <string>

#include "nn/network.h"

namespace limbeck {

struct OnnxOptions {
  bool softmax = false;
  bool bytes = false;
  double scale = 1.0 / 255;
  std::map<std::string, std::string> metadata = {};  ///< metadata_props of the model
};

/// Returns whether this build supports ONNX export (LIMBECK_ONNX); otherwise to_onnx throws Error.
bool writes_onnx();

/// Returns the content of the file; for an ensemble, it contains all members and their mean. `input`: shape of one
/// example. Throws Error for a TorchScript network with an unsupported operation, which the message names, and for a
/// generalist with specialists.
std::string to_onnx(const Network& network, const Shape& input, const OnnxOptions& options = {});

}  // namespace limbeck
