#pragma once
// A program that is run while it is built: of each value it knows what it is for example inputs, so that ranks, types
// and extents are known where operations are chosen. What depends on no input, weight or mode is computed at once and
// becomes a constant.
//
//   TriedProgram program("model.onnx", 2, limit);
//   auto* x = program.input("x", {at::zeros({2, 8}), at::zeros({3, 8})});
//   auto* y = program.call("aten::mul", {x, program.call("aten::add", {two, three})});   // x · 5
//   program.tensor(y).sizes();                                                            // [2, 8]
//   program.size(y, 1);                                                                   // the constant 8
//
// Trial batches of two sizes tell which extents follow the number of examples.
//
// Thread-safety: one thread builds a program.
#include <torch/csrc/jit/ir/named_value.h>

#include <memory>
#include <set>
#include <unordered_map>

#include "programs/program_builder.h"

namespace torch::jit {
struct Node;
}

namespace limbeck {

class TriedProgram {
 public:
  using Value = ProgramBuilder::Value;
  using Arguments = std::vector<torch::jit::NamedValue>;

  /// `file`: for error messages. `tries`: how many example inputs there are. `limit`: the most bytes that one tensor
  /// may take while the program is built.
  TriedProgram(std::string file, size_t tries, size_t limit);
  ~TriedProgram();

  /// As those of ProgramBuilder. All throw Error that says why if the examples cannot be computed.
  Value* input(const std::string& name, const std::vector<at::Tensor>& examples);
  Value* parameter(const std::string& name, const at::Tensor& tensor);
  Value* buffer(const std::string& name, const at::Tensor& tensor);
  Value* constant(const c10::IValue& value);
  Value* training();
  Value* call(const char* operation, const Arguments& arguments, const Arguments& named = {});
  Value* call_source(const std::string& source, const Arguments& arguments);
  std::vector<Value*> unpack(Value* value, size_t count);
  Value* list(const std::vector<Value*>& values);
  void feature(const std::string& name, Value* value) { builder_.feature(name, value); }
  torch::jit::Module finish(const ProgramBuilder::NamedValues& outputs);

  /// What a value is for the first of the examples, or another one.
  const c10::IValue& tried(const Value* value, size_t example = 0) const;
  at::Tensor tensor(const Value* value, size_t example = 0) const { return tried(value, example).toTensor(); }
  bool is_constant(const Value* value) const;
  /// The extent of a tensor's axis, from 0: a constant where it is the same for all examples.
  Value* size(Value* tensor, int64_t axis);
  /// A list of whole numbers, each of which is a value.
  Value* int_list(const std::vector<Value*>& numbers);
  /// The device on which the program runs.
  Value* device();
  /// Whether the extent of this axis is that of the input's first one for all examples, which differ in it.
  bool follows_batch(const Value* tensor, int64_t axis) const;
  /// From now on no extent is a constant: those of values to come depend on what the input holds.
  void extents_follow_content() { extents_follow_content_ = true; }

  /// Forgets the examples' tensors but for those of weights, constants and the values that are named.
  void forget_all_but(const std::set<const Value*>& kept);

 private:
  struct Tried {
    std::vector<c10::IValue> values;  ///< for each example, or one that holds for all
    bool is_constant = false;
    bool is_kept = false;
  };

  void try_nodes_from(torch::jit::Node* first);
  Value* folded(torch::jit::Node* first, Value* result);
  torch::jit::Node* end() const;
  std::vector<c10::IValue> run(torch::jit::Node* first, size_t example, std::vector<Value*>& results) const;
  template <class Insert>
  Value* inserted(const Insert& insert);

  ProgramBuilder builder_;
  std::string file_;
  size_t tries_, limit_;
  std::unordered_map<const Value*, Tried> tried_;
  Value* first_input_ = nullptr;
  Value* device_ = nullptr;
  bool extents_follow_content_ = false;
};

}  // namespace limbeck
