#pragma once
// A node of an ONNX graph, and how it is written into a program.
#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "limbeck/graph.h"
#include "programs/onnx_tensor.h"
#include "programs/tried_program.h"

namespace onnx {
class AttributeProto;
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace limbeck {

/// What an ONNX value is: a tensor that is known already, or a value of the program, or, of a list of whole numbers or
/// a single one, its elements. What PyTorch's exporters compute of shapes stays a few numbers that way.
struct OnnxValue {
  using Value = TriedProgram::Value;

  OnnxValue() = default;
  OnnxValue(Value* value) : value(value) {}                          // NOLINT: what most operations give
  OnnxValue(at::Tensor constant) : constant(std::move(constant)) {}  // NOLINT
  static OnnxValue of_elements(std::vector<Value*> elements, bool is_list) {
    OnnxValue made;
    made.elements = std::move(elements);
    made.is_list = is_list;
    return made;
  }

  bool exists() const { return constant.defined() || value != nullptr || elements.has_value(); }

  at::Tensor constant;
  Value* value = nullptr;
  std::optional<std::vector<Value*>> elements;
  bool is_list = false;     ///< of elements: 1-d; else one number
  std::string name;         ///< of an initializer with numbers: that under which the program keeps it
  bool is_trained = false;  ///< such a one: it is a parameter
};

using OnnxValues = std::vector<OnnxValue>;

/// How a file is read.
struct OnnxReading {
  bool is_network = true;   ///< one batch of examples goes in; it may be trained, and 16-bit numbers become float32
  int64_t fixed_batch = 0;  ///< the number of examples for which the file was made; 0 for any number
};

class OnnxCall {
 public:
  using Value = TriedProgram::Value;

  OnnxCall(TriedProgram& program, OnnxTensorReader& tensors, const OnnxReading& reading, const onnx::NodeProto& node,
           int64_t opset, std::vector<OnnxValue*> inputs, std::vector<bool> wanted,
           const std::map<std::string, const onnx::AttributeProto*>& of_function)
      : program(program),
        reading(reading),
        tensors_(tensors),
        node_(node),
        opset_(opset),
        inputs_(std::move(inputs)),
        wanted_(std::move(wanted)),
        of_function_(of_function) {}

  TriedProgram& program;
  const OnnxReading& reading;

  const std::string& operation() const;
  int64_t opset() const { return opset_; }
  /// Throws Error: the operation has no form here, and why.
  [[noreturn]] void refuse(const std::string& why) const;

  // Inputs.
  size_t inputs() const { return inputs_.size(); }
  bool has(size_t place) const { return place < inputs_.size() && inputs_[place] != nullptr; }
  /// Whether something uses this output.
  bool wants(size_t output) const { return output < wanted_.size() && wanted_[output]; }
  size_t outputs() const { return wanted_.size(); }
  const OnnxValue& value(size_t place) const;
  /// As a tensor of the program.
  Value* tensor(size_t place);
  /// As one that is not trained, but kept with the weights.
  Value* buffer(size_t place);
  /// What it is for the first example.
  at::Tensor example(size_t place);
  int64_t rank(size_t place) { return example(place).dim(); }
  Shape shape(size_t place) { return example(place).sizes().vec(); }
  at::ScalarType type(size_t place) { return example(place).scalar_type(); }
  bool is_float(size_t place) { return example(place).is_floating_point(); }
  bool is_whole(size_t place) { return c10::isIntegralType(type(place), /*includeBool=*/false); }
  /// The extent of an axis, a value of the program.
  Value* size(size_t place, int64_t axis) { return program.size(tensor(place), axis); }
  std::vector<Value*> sizes(size_t place);
  /// Nothing where it depends on the input or is trained.
  std::optional<at::Tensor> known(size_t place) const;
  /// Throws Error where it is not known.
  at::Tensor constant(size_t place) const;
  double constant_number(size_t place) const;
  Shape constant_integers(size_t place) const;
  /// Whole numbers, each a value of the program.
  std::vector<Value*> integers(size_t place);
  /// Whether all inputs are whole numbers that are known or held by their elements, and one is the latter.
  bool is_of_elements() const;

  // Attributes. Throw Error where one is of another type.
  bool has_attribute(const std::string& name) const { return attribute(name) != nullptr; }
  int64_t integer(const std::string& name, int64_t otherwise) const;
  int64_t integer(const std::string& name) const;
  double number(const std::string& name, double otherwise) const;
  std::string text(const std::string& name, const std::string& otherwise) const;
  std::vector<std::string> texts(const std::string& name) const;
  std::optional<Shape> integer_list(const std::string& name) const;
  std::optional<std::vector<double>> number_list(const std::string& name) const;
  at::Tensor tensor_attribute(const std::string& name) const;
  const onnx::GraphProto& graph(const std::string& name) const;
  const onnx::AttributeProto* attribute(const std::string& name) const;

  /// An attribute until `opset`, an input of this place from it on. Nothing where it is left out.
  std::optional<Shape> integers_by_opset(const std::string& name, int64_t opset, size_t place) const;
  /// An axis, from 0. Throws Error where a tensor of this rank has no such axis.
  int64_t axis(int64_t given, int64_t rank) const;
  /// Axes, from 0, in order. Throws Error also for one that stands there twice.
  Shape axes(const Shape& given, int64_t rank) const;

  // Values of the program.
  Value* call(const char* operation, const TriedProgram::Arguments& arguments,
              const TriedProgram::Arguments& named = {}) {
    return program.call(operation, arguments, named);
  }
  Value* number_value(int64_t value) { return program.constant(value); }
  std::optional<int64_t> known_integer(Value* value) const;
  /// In another type; itself where it is of that type.
  Value* cast(Value* value, at::ScalarType type);
  /// The type that the program has for one of ONNX.
  at::ScalarType type_of(int64_t type) const;
  Value* reshape(Value* value, const std::vector<Value*>& shape);
  Value* reshape(Value* value, const Shape& shape);
  Value* permute(Value* value, const Shape& order) { return call("aten::permute", {value, order}); }
  std::vector<Value*> split(Value* value, const Shape& sizes, int64_t axis);
  Value* none() { return program.constant(c10::IValue()); }

 private:
  const onnx::AttributeProto& expect(const onnx::AttributeProto& attribute, int type, const char* what) const;

  OnnxTensorReader& tensors_;
  const onnx::NodeProto& node_;
  int64_t opset_;
  std::vector<OnnxValue*> inputs_;
  std::vector<bool> wanted_;
  const std::map<std::string, const onnx::AttributeProto*>& of_function_;
};

/// What a node gives, in the order of its outputs; those at the end may be left out where nobody wants them.
using OnnxOperation = std::function<OnnxValues(OnnxCall&)>;

/// A tensor of whole numbers, of a value by elements.
TriedProgram::Value* tensor_of_elements(TriedProgram& program, const OnnxValue& value);

}  // namespace limbeck
