#pragma once
// One node of a program of torch.export, {"target": "torch.ops.aten.conv2d.default", "inputs": [{"name", "arg"}, …]},
// as operations of a TorchScript program.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "programs/exported_json.h"
#include "programs/program_builder.h"

namespace limbeck {

/// The values of a program by their names in the file.
class ExportedValues {
 public:
  using Value = ProgramBuilder::Value;
  static constexpr size_t kReturned = ~size_t{0};

  explicit ExportedValues(ProgramBuilder& program) : program_(program) {}

  void set(const std::string& name, Value* value) { values_[name] = value; }
  /// Throws Error if there is none of this name. It is used by the node that `use_by` says.
  Value* at(const std::string& name);
  void use_by(size_t node) { user_ = node; }
  /// The nodes that use a value.
  const std::vector<size_t>& users(const Value* value) const;

  /// A buffer that counts training passes, which evaluation leaves as it is.
  void set_counter(const Value* value) { counters_.insert(value); }
  bool is_counter(const Value* value) const { return counters_.contains(value); }

  /// The program's input, and the device that it is on, where a program makes tensors.
  void set_input(Value* input) { input_ = input; }
  Value* device();

  ProgramBuilder& program() { return program_; }
  /// The names as they are, for a graph within the graph.
  std::map<std::string, Value*> names() const { return values_; }
  void set_names(std::map<std::string, Value*> names) { values_ = std::move(names); }

 private:
  ProgramBuilder& program_;
  std::map<std::string, Value*> values_;
  std::map<const Value*, std::vector<size_t>> users_;
  std::set<const Value*> counters_;
  size_t user_ = 0;
  Value* input_ = nullptr;
  Value* device_ = nullptr;
};

class ExportedCall {
 public:
  using Value = ProgramBuilder::Value;
  using Arguments = std::vector<std::pair<std::string, Value*>>;

  /// Throws Error if the node is not as it should be.
  ExportedCall(ExportedValues& values, const ExportedJson& node);

  /// "aten.conv2d.default", "_operator.mul"
  const std::string& target() const { return target_; }
  ProgramBuilder& program() { return values_.program(); }
  ExportedValues& values() { return values_; }

  /// Whether an argument is given and not None.
  bool has(const std::string& argument) const;
  /// An argument as a value of the program; None if it is not given.
  Value* value(const std::string& argument);
  Value* value(size_t place) { return resolve(arguments_.at(place).second, nullptr); }
  /// Arguments that are constants. Throw Error if they are something else.
  double number(const std::string& argument, double otherwise) const;
  int64_t integer(const std::string& argument, int64_t otherwise) const;
  bool flag(const std::string& argument, bool otherwise) const;
  std::vector<int64_t> integers(const std::string& argument) const;
  const std::vector<std::pair<std::string, ExportedJson>>& arguments() const { return arguments_; }
  Value* resolve(const ExportedJson& argument, const c10::TypePtr& type);

  /// Adds an operation of ATen, "softmax.int", with these arguments, and returns its results. Throws Error if this
  /// LibTorch has none.
  std::vector<Value*> aten(const std::string& operation, const Arguments& arguments);
  /// The same with the node's own operation and arguments.
  std::vector<Value*> as_it_stands();

 private:
  const ExportedJson* find(const std::string& argument) const;
  Value* list(const std::vector<ExportedJson>& elements, const std::string& kind, const c10::TypePtr& type);
  bool trains(const std::string& argument) const;

  ExportedValues& values_;
  std::string target_;
  std::vector<std::pair<std::string, ExportedJson>> arguments_;
};

}  // namespace limbeck
