#pragma once
// A network as an ONNX file, for any runtime that reads operation set 13: linear bottlenecks and batch norm folded in,
// any batch size, the network's own normalization inside.
//
//   write_file("student.onnx", to_onnx(*network, {1, 28, 28}, {.softmax = true}));
//
// input   "input" [batch, …]: float32 as the network takes it (pixels in [0, 1]); with `bytes`, uint8, multiplied by
//         `scale`
// output  "logits" [batch, classes]; with `softmax`, "probabilities"
//
// A quantized network (nn/quantization.h) is written with int8 weights, and with a pair QuantizeLinear,
// DequantizeLinear wherever values are quantized, which runtimes turn into integer arithmetic.
#include <map>
#include <string>

#include "nn/network.h"

namespace limbeck {

struct OnnxOptions {
  bool softmax = false;
  bool bytes = false;
  double scale = 1.0 / 255;
  std::map<std::string, std::string> metadata = {};  ///< written into the file
};

/// Whether this build has them (LIMBECK_ONNX); to_onnx throws Error where not.
bool writes_onnx();

/// The file's bytes; an ensemble's holds all its members and their mean. `input`: shape of one example. Throws Error
/// that names the operation of a TorchScript network which has no form in ONNX; and for a generalist with specialists.
std::string to_onnx(const Network& network, const Shape& input, const OnnxOptions& options = {});

}  // namespace limbeck
