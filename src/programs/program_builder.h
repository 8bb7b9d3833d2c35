#pragma once
// Builds a TorchScript program from operations, for the readers of files of other formats. Everything that holds for
// TorchScript files then holds for what they read: weights are trained, saved and resumed, programs move to devices,
// are frozen and exported.
//
//   ProgramBuilder program("model.onnx");
//   auto* weight = program.parameter("conv1.weight", tensor);
//   auto* value = program.call("aten::conv2d", {program.input("x"), weight});
//   program.feature("conv1", value);
//   torch::jit::Module module = program.finish({{"logits", program.call("aten::flatten", {value, 1})}});
//
// The module's forward takes the inputs in their order. It returns the tensor if there is one output, else a dict by
// their names, in their order. If there are features, the module has a second method, kWithFeatures, which returns
// (what forward returns, a dict of the features), for TappedProgram to take them from.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torch::jit {
struct Graph;
struct Module;
struct NamedValue;
struct Value;
}  // namespace torch::jit

namespace limbeck {

class ProgramBuilder {
 public:
  using Value = torch::jit::Value;
  using NamedValues = std::vector<std::pair<std::string, Value*>>;
  static constexpr const char* kWithFeatures = "forward_with_features";

  /// `file`: for error messages.
  explicit ProgramBuilder(std::string file);
  ~ProgramBuilder();
  ProgramBuilder(const ProgramBuilder&) = delete;
  ProgramBuilder& operator=(const ProgramBuilder&) = delete;

  /// Adds an input, a tensor, to those of forward.
  Value* input(const std::string& name);
  /// A trained tensor of this name, "layer1.0.weight" as in PyTorch: what stands before a dot is a module. Throws Error
  /// if the name is taken.
  Value* parameter(const std::string& name, const at::Tensor& tensor);
  /// A tensor that is not trained: running statistics, which the program may change in place.
  Value* buffer(const std::string& name, const at::Tensor& tensor);
  /// A number, text, list, tensor or None.
  Value* constant(const c10::IValue& value);
  /// Whether the module is in training mode, as a bool of the program.
  Value* training();

  /// Adds an operation, by its schema: arguments are values of the program or constants. Its overload is found by their
  /// types. Throws Error that says why if there is none.
  Value* call(const char* operation, const std::vector<torch::jit::NamedValue>& arguments,
              const std::vector<torch::jit::NamedValue>& named = {});
  /// Adds a function in TorchScript, whose source this is ("def name(x: Tensor, size: List[int]) -> Tensor: …"); its
  /// body is written out in the program.
  Value* call_source(const std::string& source, const std::vector<torch::jit::NamedValue>& arguments);
  /// The elements of a tuple or a list of known length.
  std::vector<Value*> unpack(Value* value, size_t count);
  /// A list of these values, which are of one type.
  Value* list(const std::vector<Value*>& values);

  /// Makes a tensor a feature that can be tapped. The first of a name counts.
  void feature(const std::string& name, Value* value);
  torch::jit::Graph& graph() { return *graph_; }

  /// Ends the program; call it once.
  torch::jit::Module finish(const NamedValues& outputs);

 private:
  Value* attribute(const std::string& name, const at::Tensor& tensor, bool is_parameter);
  Value* dict(const NamedValues& values);

  std::string file_;
  std::unique_ptr<torch::jit::Module> module_;
  std::shared_ptr<torch::jit::Graph> graph_;
  Value* self_ = nullptr;
  Value* training_ = nullptr;
  NamedValues features_;
};

}  // namespace limbeck
