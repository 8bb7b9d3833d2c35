#pragma once
// An ONNX model while it is written: operation set 13 and format version 7, which runtimes from 2021 on read.
//
//   OnnxBuilder onnx;
//   const std::string x = onnx.input("input", at::kFloat, {3, 32, 32});
//   const std::string weight = onnx.constant("fc.weight", w), bias = onnx.constant("fc.bias", b);
//   const std::string y = onnx.node("Gemm", {x, weight, bias}, {{"transB", 1}});
//   onnx.output("logits", y, {10});
//   write_file("model.onnx", onnx.finish("my network", {}));

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "nn/graph.h"

namespace limbeck {

class OnnxBuilder {
 public:
  using Attribute = std::variant<int64_t, double, Shape>;
  using Attributes = std::map<std::string, Attribute>;
  static constexpr int64_t kFloat = 1;  ///< ONNX's number of float32, for Cast

  OnnxBuilder();
  ~OnnxBuilder();
  /// A copy, to which something else can be appended.
  OnnxBuilder(const OnnxBuilder& other);
  OnnxBuilder& operator=(const OnnxBuilder&) = delete;

  /// An input [batch, …]; returns its name.
  std::string input(const std::string& name, at::ScalarType type, const Shape& shape);
  /// A constant: float32, int64, int32, int8 or uint8; other floating types become float32. A name that is taken gets a
  /// number.
  std::string constant(const std::string& name, const at::Tensor& value);
  std::string constant(const std::string& name, const std::vector<int64_t>& value);
  /// A node with one output, whose name is returned: the given one, or one made from the operation. A missing input in
  /// the middle is "".
  std::string node(const std::string& operation, const std::vector<std::string>& inputs,
                   const Attributes& attributes = {}, const std::string& name = "");
  /// The value becomes an output [batch, …] of the model, under this name.
  void output(const std::string& name, const std::string& value, const Shape& shape);

  /// The name of the first constant or node that is not byte for byte the same in the other; "" where there is none.
  std::string first_difference(const OnnxBuilder& other) const;

  /// The file's bytes. Throws Error where ONNX's own checker finds a mistake.
  std::string finish(const std::string& graph_name, const std::map<std::string, std::string>& metadata);

 private:
  std::string new_name(const std::string& wanted);

  struct Model;  // onnx::ModelProto, whose header takes long to read
  std::unique_ptr<Model> model_;
  std::map<std::string, int> taken_;  ///< names, and how often they were wanted
};

}  // namespace limbeck
