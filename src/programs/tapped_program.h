#pragma once
// The outputs of a TorchScript program's modules, by module path as in PyTorch ("layer3", "layer1.0.conv2"): its
// forward is rewritten to return them too. Calls of modules inside of conditions and loops, and of methods other than
// forward, are not seen. A module that is called several times has its later outputs as PATH:2, PATH:3, …
//
// Programs that ProgramBuilder made have features of their own, which are taken instead.
//
// Weights are the program's own: training them trains both.
//
// Thread-safety: several threads may run one.
#include <ATen/core/ivalue.h>

#include <memory>
#include <string>
#include <vector>

namespace torch::jit {
struct GraphExecutor;
struct Module;
}  // namespace torch::jit

namespace limbeck {

/// Returns the paths of the modules whose outputs can be tapped, in the order of the calls; those whose output is no
/// tensor are left out.
std::vector<std::string> module_paths(const torch::jit::Module& module);

class TappedProgram {
 public:
  /// Throws Error if the program has no such path.
  TappedProgram(const torch::jit::Module& module, const std::vector<std::string>& paths);
  ~TappedProgram();

  struct Result {
    c10::IValue returned;             ///< what forward returns
    std::vector<at::Tensor> outputs;  ///< of the paths, in their order
  };
  Result run(const at::Tensor& inputs) const;

 private:
  std::unique_ptr<torch::jit::Module> module_;
  std::unique_ptr<torch::jit::GraphExecutor> executor_;
};

}  // namespace limbeck
