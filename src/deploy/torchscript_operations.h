#pragma once
// What each operation of a TorchScript program is in ONNX. A new one is an entry in the table of
// torchscript_operations.cpp.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/tensor.h>

#include <functional>
#include <optional>

#include "deploy/onnx_builder.h"

namespace limbeck {

/// A value of a program while it runs on an example batch.
struct ScriptValue {
  c10::IValue value;
  std::string onnx = {};  ///< its name in the model; empty: it does not depend on the input
  std::vector<ScriptValue> elements =
      {};              ///< of a list or a tuple, and keys and values of a dict, where it was put together from values
  size_t changes = 0;  ///< how many changes of its tensor's memory `onnx` takes account of

  bool depends() const;
};

/// One operation that is to be written.
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
  /// A list of integers, a single one as many times as there are axes.
  Shape integers(size_t place, size_t axes) const;
  /// Sides of a picture or places of a shape, as they are.
  Shape list(size_t place) const { return value(place).toIntVector(); }
  /// The name of a tensor or number: of the model's value, or of a new constant.
  std::string operand(size_t place, const std::string& what = "value") const;
  /// The same for operations that repeat what is shorter: of a constant that is the same for all examples, only the
  /// first one's.
  std::string repeated_operand(size_t place, const std::string& what = "value") const;
  /// A new constant, whole numbers as float32: what they meet are the network's numbers.
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
  /// The same values in the result's shape.
  std::string reshaped(const std::string& value) const;
  /// Axes [at least one] counted from the front; the batch's is an error.
  Shape axes(size_t place, int64_t dimensions) const;
  /// An axis counted from the front; the batch's is an error.
  int64_t axis(size_t place, int64_t dimensions) const;
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  std::string name_;
  std::vector<ScriptValue> arguments_;
  c10::IValue result_;
  int64_t batch_;
};

using ScriptOperation = std::function<ScriptValue(const ScriptCall&)>;

/// nullptr: there is none for an operation of this name ("aten::relu_").
const ScriptOperation* script_operation(const std::string& name);

}  // namespace limbeck
