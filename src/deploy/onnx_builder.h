#pragma once
// Builds an ONNX model with opset 13 and IR version 7, supported by runtimes since 2021.
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

#include "limbeck/graph.h"

namespace limbeck {

class OnnxBuilder {
 public:
  using Attribute = std::variant<int64_t, double, Shape, std::string>;
  using Attributes = std::map<std::string, Attribute>;
  static constexpr int64_t kFloat = 1;  ///< TensorProto.FLOAT, for Cast

  OnnxBuilder();
  ~OnnxBuilder();
  /// Deep copy, to which other nodes can be appended.
  OnnxBuilder(const OnnxBuilder& other);
  OnnxBuilder& operator=(const OnnxBuilder&) = delete;

  /// Keeps a name free: nothing here is called so.
  void reserve(const std::string& name) { ++taken_[name]; }
  /// Adds an input [batch, …]; returns its name.
  std::string input(const std::string& name, at::ScalarType type, const Shape& shape);
  /// Adds a constant (initializer) and returns its name: float32, int64, int32, int8, uint8 or bool; other
  /// floating-point types are converted to float32. A number is appended to names that are already used.
  std::string constant(const std::string& name, const at::Tensor& value);
  std::string constant(const std::string& name, const std::vector<int64_t>& value);
  /// Adds a node with one output and returns the output's name: the given one, or one derived from the operation. Use
  /// "" for an omitted optional input.
  std::string node(const std::string& operation, const std::vector<std::string>& inputs,
                   const Attributes& attributes = {}, const std::string& name = "");
  /// Makes the value an output [batch, …] of the model, with this name.
  void output(const std::string& name, const std::string& value, const Shape& shape);

  /// Returns the name of the first constant or node that is not byte-identical in `other`; "" if there is none.
  std::string first_difference(const OnnxBuilder& other) const;

  /// Returns the content of the file. Throws Error if the ONNX checker rejects the model, or if it exceeds 2 GB.
  std::string finish(const std::string& graph_name, const std::map<std::string, std::string>& metadata);

 private:
  std::string new_name(const std::string& wanted);

  struct Model;  // onnx::ModelProto, whose header is slow to compile
  std::unique_ptr<Model> model_;
  std::map<std::string, int> taken_;  ///< used names, with the number of requests for each
};

}  // namespace limbeck
