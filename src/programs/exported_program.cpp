#include "programs/exported_program.h"

#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/script.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "core/error.h"
#include "programs/exported_file.h"
#include "programs/exported_graph.h"
#include "programs/exported_outputs.h"

namespace limbeck {
namespace {

using Value = ProgramBuilder::Value;

class ExportedReader {
 public:
  ExportedReader(const ExportedFile& file, const std::string& name)
      : file_(file), builder_(name), graph_(builder_), program_(ExportedJson(file.program).at("graph_module")) {}

  torch::jit::Module read() {
    const ExportedJson graph = program_.at("graph");
    const ExportedSignature signature = signature_of(program_);
    add_inputs(signature);
    graph_.add(graph);
    keep_input();
    graph_.values().use_by(ExportedValues::kReturned);
    ProgramBuilder::NamedValues outputs;
    std::vector<std::pair<std::string, std::string>> changed;  // buffers, and the values that they get
    size_t place = 0;
    for (const ExportedOutput& output : signature.outputs) {
      if (output.kind == "buffer_mutation") changed.emplace_back(output.target, output.value);
      if (output.kind != "user_output") continue;
      const std::string& name = signature.output_names.at(place++);
      if (!output.value.empty()) add_output(outputs, name, output.value);
    }
    if (outputs.empty()) throw Error("returns no tensor");
    graph_.add_features();
    for (const auto& [buffer, value] : changed) write_back(buffer, value);
    return builder_.finish(outputs);
  }

 private:
  void add_inputs(const ExportedSignature& signature) {
    std::string inputs;
    size_t count = 0;
    for (const ExportedInput& input : signature.inputs)
      if (input.kind == "user_input") inputs += fmt::format("{} '{}'", count++ == 0 ? ":" : ",", input.value);
    if (count != 1)
      throw Error(fmt::format("takes {} inputs{}; expected one tensor, the others being constant", count, inputs));
    ExportedValues& values = graph_.values();
    for (const ExportedInput& input : signature.inputs) {
      if (input.kind == "user_input") {
        Value* value = builder_.input(input.value);
        values.set(input.value, value);
        values.set_input(value);
      } else if (input.kind == "constant_input") {
        values.set(input.value, builder_.constant(input.constant));
      } else {
        values.set(input.value, tensor(input));
      }
    }
  }

  /// A program that works in place on its input does so on a copy: the input is the caller's.
  void keep_input() {
    torch::jit::Graph& graph = builder_.graph();
    Value* input = graph.inputs().at(1);  // after self
    const std::shared_ptr<torch::jit::Graph> borrowed(std::shared_ptr<void>(), &graph);
    if (!torch::jit::AliasDb(borrowed).hasWriters(input)) return;
    const torch::jit::WithInsertPoint at_start(*graph.nodes().begin());
    Value* copy = builder_.call("aten::clone", {input});
    input->replaceAllUsesAfterNodeWith(copy->node(), copy);
  }

  /// Tensors that lie in the same memory are one, as tied weights are.
  Value* tensor(const ExportedInput& input) {
    const std::string& name = input.target;
    const bool is_constant = input.kind == "tensor_constant";
    const at::Tensor* found = find(is_constant ? file_.constants : file_.weights, name);
    if (found == nullptr) found = find(is_constant ? file_.weights : file_.constants, name);
    if (found == nullptr) throw Error(fmt::format("has no tensor for '{}'", name));
    const bool is_parameter = input.kind == "parameter" && found->requires_grad();
    const auto memory =
        std::tuple(found->data_ptr(), found->scalar_type(), found->sizes().vec(), found->strides().vec());
    Value*& value = tensors_[memory];
    if (value == nullptr || found->numel() == 0)
      value = is_parameter ? builder_.parameter(name, *found) : builder_.buffer(name, *found);
    buffers_[name] = value;
    if (name.ends_with("num_batches_tracked")) graph_.values().set_counter(value);
    return value;
  }

  static const at::Tensor* find(const std::map<std::string, at::Tensor>& tensors, const std::string& name) {
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
  }

  void add_output(ProgramBuilder::NamedValues& outputs, const std::string& name, const std::string& value) {
    Value* found = graph_.values().at(value);
    if (!found->type()->isSubtypeOf(*c10::TensorType::get())) return;
    const bool is_taken = std::any_of(outputs.begin(), outputs.end(), [&](const auto& o) { return o.first == name; });
    if (is_taken) throw Error(fmt::format("returns two tensors of the name '{}'", name));
    outputs.emplace_back(name, found);
  }

  void write_back(const std::string& name, const std::string& value) {
    const auto buffer = buffers_.find(name);
    if (buffer == buffers_.end()) throw Error(fmt::format("changes the buffer '{}', which it does not have", name));
    Value* changed = graph_.values().at(value);
    if (changed == buffer->second) return;  // the operation has changed it
    builder_.call("aten::copy_", {buffer->second, builder_.call("aten::detach", {changed})});
  }

  const ExportedFile& file_;
  ProgramBuilder builder_;
  ExportedGraph graph_;
  ExportedJson program_;
  std::map<std::string, Value*> buffers_;  ///< parameters too
  std::map<std::tuple<void*, at::ScalarType, std::vector<int64_t>, std::vector<int64_t>>, Value*> tensors_;
};

}  // namespace

torch::jit::Module read_exported_program(const std::string& content, const fs::path& file) {
  const std::string name = file.string();
  const ExportedFile read = read_exported_file(content, name);
  try {
    return ExportedReader(read, name).read();
  } catch (const Error& error) {
    throw Error(fmt::format("'{}' cannot be read as a program of torch.export: {}", name, error.what()));
  } catch (const std::exception& error) {
    const std::string why = error.what();
    throw Error(
        fmt::format("'{}' cannot be read as a program of torch.export: {}", name, why.substr(0, why.find("\n\n"))));
  }
}

}  // namespace limbeck
