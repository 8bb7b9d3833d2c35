#pragma once
// One operation of a TorchScript program during ONNX export: its arguments, what the run on an example batch gave, and
// the ONNX nodes that stand for it.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/tensor.h>

#include "deploy/onnx_builder.h"

namespace limbeck {

/// A value of the program during tracing on an example batch.
struct ScriptValue {
  c10::IValue value;
  std::string onnx = {};  ///< name of the ONNX value; empty: does not depend on the input
  std::vector<ScriptValue> elements =
      {};              ///< elements of a list or tuple, or keys and values of a dict, if constructed from traced values
  size_t changes = 0;  ///< number of changes of its tensor's storage that `onnx` reflects
  std::string refusal = {};  ///< why it depends on the input and has no ONNX value; an error where it is used

  bool depends() const;
  /// Returns the refusal of the value or of one of its elements; empty: it can be used.
  std::string why_not() const;
};

/// The extent of an axis that depends on the number of examples, in shapes and for ONNX's Reshape.
constexpr int64_t kOpen = -1;

/// One operation to be exported, with its arguments and traced result.
class ScriptCall {
 public:
  /// `shape`: that of a result that is a tensor, with kOpen for extents that depend on the number of examples.
  ScriptCall(OnnxBuilder& onnx, std::string name, std::vector<ScriptValue> arguments, c10::IValue result, Shape shape,
             int64_t batch)
      : onnx(onnx),
        name_(std::move(name)),
        arguments_(std::move(arguments)),
        result_(std::move(result)),
        shape_(std::move(shape)),
        batch_(batch) {}

  OnnxBuilder& onnx;

  /// "aten::conv2d"
  const std::string& name() const { return name_; }
  /// "conv2d", for the names of nodes
  std::string short_name() const;
  const c10::IValue& value(size_t place) const { return arguments_.at(place).value; }
  const ScriptValue& argument(size_t place) const { return arguments_.at(place); }
  bool has(size_t place) const { return place < arguments_.size() && !arguments_[place].value.isNone(); }
  at::Tensor tensor(size_t place) const { return value(place).toTensor(); }
  /// Returns a tensor that does not depend on the input; undefined for None or a missing one. Throws Error if it does.
  at::Tensor fixed(size_t place) const;
  int64_t integer(size_t place) const { return value(place).toInt(); }
  double number(size_t place) const { return value(place).toScalar().toDouble(); }
  /// Returns a list of integers; a single one is repeated for each axis.
  Shape integers(size_t place, size_t axes) const;
  /// Returns a list of integers as it is, e.g. an image size or a shape.
  Shape list(size_t place) const { return value(place).toIntVector(); }
  /// Returns the ONNX name of a tensor or number: that of its value, or of a new constant.
  std::string operand(size_t place, const std::string& what = "value") const;
  /// Same, for operations that broadcast: a constant that is equal for all examples is reduced to the first example's
  /// row.
  std::string repeated_operand(size_t place, const std::string& what = "value") const;
  /// Adds a constant; integers are converted to float32, since they are combined with float32 values.
  std::string constant(const std::string& what, const at::Tensor& value) const;
  std::string node(const std::string& operation, const std::vector<std::string>& inputs,
                   const OnnxBuilder::Attributes& attributes = {}) const {
    return onnx.node(operation, inputs, attributes, short_name());
  }
  std::string constant(const std::string& what, double number) const {
    return onnx.constant(short_name() + "." + what, at::tensor(number, at::kFloat));
  }
  /// Adds a constant list of int64: axes, a shape, pads.
  std::string numbers(const std::string& what, const Shape& numbers) const {
    return onnx.constant(short_name() + "." + what, numbers);
  }
  /// Returns the ONNX names of a list's tensors. A constant that is equal for all examples is repeated as often as
  /// another of them has examples.
  std::vector<std::string> operands(size_t place) const;

  const c10::IValue& result() const { return result_; }
  /// Adds a Reshape of `value` to the result's shape. Throws Error if several extents depend on the number of examples.
  std::string reshaped(const std::string& value) const;
  /// Returns axes (one, or a list of at least one) as non-negative indices.
  Shape axes(size_t place, int64_t dimensions) const;
  /// Returns an axis as a non-negative index.
  int64_t axis(size_t place, int64_t dimensions) const;
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  std::string name_;
  std::vector<ScriptValue> arguments_;
  c10::IValue result_;
  Shape shape_;
  int64_t batch_;
};

}  // namespace limbeck
