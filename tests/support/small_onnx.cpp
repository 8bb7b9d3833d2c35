#include <torch/types.h>

#include "deploy/onnx_builder.h"
#include "support/small_programs.h"

namespace limbeck {

std::string small_onnx() {
  torch::manual_seed(4);
  OnnxBuilder onnx;
  const std::string x = onnx.input("input", at::kFloat, {3, 6, 6});
  const std::string conv = onnx.node(
      "Conv",
      {x, onnx.constant("onnx::Conv_193", torch::randn({4, 3, 3, 3})), onnx.constant("conv/bias:0", torch::randn({4}))},
      {{"pads", Shape{1, 1, 1, 1}}}, "conv");
  const std::string norm = onnx.node(
      "BatchNormalization",
      {conv, onnx.constant("bn.weight", torch::rand({4}) + 0.5), onnx.constant("bn.bias", torch::randn({4})),
       onnx.constant("bn.running_mean", torch::randn({4})), onnx.constant("bn.running_var", torch::rand({4}) + 0.5)},
      {{"momentum", 0.75}}, "norm");
  const std::string relu = onnx.node("Relu", {norm}, {}, "relu");
  // as PyTorch's exporter flattens
  const std::string rows =
      onnx.node("Gather", {onnx.node("Shape", {relu}), onnx.constant("zero", torch::tensor(0))}, {{"axis", 0}});
  const std::string shape =
      onnx.node("Concat", {onnx.node("Unsqueeze", {rows, onnx.constant("axes", {0})}), onnx.constant("rest", {-1})},
                {{"axis", 0}});
  const std::string flat = onnx.node("Reshape", {relu, shape}, {}, "flat");
  const std::string product = onnx.node(
      "Gemm", {flat, onnx.constant("fc.weight", torch::randn({5, 144})), onnx.constant("fc.bias", torch::randn({5}))},
      {{"transB", 1}}, "fc");
  onnx.output("logits", product, {5});
  return onnx.finish("small", {});
}

}  // namespace limbeck
