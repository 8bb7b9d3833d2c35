#pragma once
// Conversion of TorchScript operations to ONNX. To support a new one, add an entry to the table in
// torchscript_operations.cpp.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/tensor.h>

#include <functional>
#include <optional>

#include "deploy/onnx_builder.h"

namespace limbeck {

/// A value of the program during tracing on an example batch.
struct ScriptValue {
  c10::IValue value;
  std::string onnx = {};  ///< name of the ONNX value; empty: does not depend on the input
  std::vector<ScriptValue> elements =
      {};              ///< elements of a list or tuple, or keys and values of a dict, if constructed from traced values
  size_t changes = 0;  ///< number of changes of its tensor's storage that `onnx` reflects

  bool depends() const;
};

/// One operation to be exported, with its arguments and traced result.
class ScriptCall {
 public:
  ScriptCall(OnnxBuilder& onnx, std::string name, std::vector<ScriptValue> arguments, c10::IValue result, int64_t batch)
      : onnx(onnx),
        name_(std::move(name)),
        arguments_(std::move(arguments)),
        result_(std::move(result)),
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

  const c10::IValue& result() const { return result_; }
  int64_t batch() const { return batch_; }
  /// Adds a Reshape of `value` to the result's shape. Throws Error if that changes the number of examples.
  std::string reshaped(const std::string& value) const;
  /// Returns axes (at least one) as non-negative indices. Throws Error for the batch axis.
  Shape axes(size_t place, int64_t dimensions) const;
  /// Returns an axis as a non-negative index. Throws Error for the batch axis.
  int64_t axis(size_t place, int64_t dimensions) const;
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  std::string name_;
  std::vector<ScriptValue> arguments_;
  c10::IValue result_;
  int64_t batch_;
};

using ScriptOperation = std::function<ScriptValue(const ScriptCall&)>;

/// Returns the conversion of an operation ("aten::relu_"); nullptr if it is not supported.
const ScriptOperation* script_operation(const std::string& name);

}  // namespace limbeck
