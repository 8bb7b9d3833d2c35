#pragma once
// A network loaded from a TorchScript file of torch.jit.save. Its forward takes a batch of inputs and returns
//   a tensor                    the logits [N, C]
//   a tuple or a list           the logits first; further tensors are features, named by their place: "1", "2", …
//   a dict of text to tensors   "logits", or the first tensor if there is none of that name; the others are features
//                               by their keys
// Outputs of the program's modules are features too, by module path: "layer3", "layer1.0.conv2" (tapped_program.h).
// If the outputs are probabilities (all rows are distributions, as after softmax), their logarithms are the logits:
// those before the softmax, up to a constant per row. The program runs in the type of its weights, and its input is
// converted to it; logits are returned as float32. Weights in float16 and bfloat16 are converted to float32, which
// every processor supports.
//
//   const TorchScriptNetwork network("resnet18.pt", {{3, 32, 32}, 10}, {.mean = {…}, .deviation = {…}});
//   Outputs outputs = network.forward(inputs, {});
//
// Parameters that require a gradient are trained; all other tensors are buffers. Random numbers in training (dropout)
// come from LibTorch's generator, which is seeded before each training pass by (seed, epoch, first example), so that
// runs are reproducible. On the CPU, programs run without the JIT compiler's optimizations, since it rewrites the
// program after the first passes and a resumed run would not be bit-identical. If the weights do not change
// (ForwardOptions::prepared: a teacher's), the program is frozen and optimized once before the first pass, and the
// optimized form is used if its outputs are equal up to rounding.
//
// A TorchScript program can do everything that LibTorch's operations can, such as reading files or running forever: use
// only files from trusted sources.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "core/files.h"
#include "nn/input.h"
#include "nn/network.h"

namespace torch::jit {
struct Module;
}

namespace limbeck {

class TappedProgram;

class TorchScriptNetwork : public Network {
 public:
  /// Loads the file and runs it twice on three examples of the task's shape. Throws Error that names the file if it
  /// cannot be loaded, does not accept the input, does not return finite logits [N, classes] (classes = 0: any number),
  /// or returns different outputs for an example in another batch.
  TorchScriptNetwork(fs::path file, const TaskShape& task, InputOptions input);
  ~TorchScriptNetwork() override;
  TorchScriptNetwork(const TorchScriptNetwork&) = delete;
  TorchScriptNetwork& operator=(const TorchScriptNetwork&) = delete;

  /// inputs [N, …] of the raw shape in [0, 1]; they are resized and normalized here.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  const std::vector<Parameter>& buffers() const override { return buffers_; }
  /// Counts all parameters, including those that are not trained. A frozen program has none.
  int64_t parameter_count() const override { return parameter_count_; }
  std::optional<int64_t> multiply_adds() const override { return multiply_adds_; }
  /// Never supports capture, since its operations are unknown. The widest activation is an estimate.
  Capabilities capabilities() const override;
  std::string identity() const override;
  void to(at::Device device) override;

  int64_t classes() const { return task_.classes; }
  const fs::path& file() const { return file_; }
  /// The program, without the preprocessing in input().
  const torch::jit::Module& module() const;
  const InputOptions& input() const { return input_; }
  /// Whether the program ends with a softmax, so that the logits are the logarithms of its outputs, clamped from below
  /// to smallest_probability().
  bool gives_probabilities() const { return gives_probabilities_; }
  double smallest_probability() const;
  /// Returns the names of features that can be tapped: those that the program returns, then its modules.
  std::vector<std::string> features() const override;

  /// Writes the program with its current weights, in evaluation mode, with these extra files.
  void save(const fs::path& file, const std::map<std::string, std::string>& extra) const;
  /// The same, with the preprocessing included in the program.
  void save_with_input(const fs::path& file, const std::map<std::string, std::string>& extra) const;

 private:
  struct Script;  // torch::jit::Module, whose header takes long to read

  void collect_tensors();
  at::Tensor trial_inputs() const;
  /// Returns the program, or, on the CPU if a cache is given, its frozen form, created on first use, if that gives the
  /// same outputs for the trial inputs.
  torch::jit::Module& program(PreparedWeights* kept) const;
  /// Runs the program on trial inputs, and determines and validates its outputs.
  void try_out();
  Outputs run(const at::Tensor& inputs, const ForwardOptions& options) const;
  /// Returns the modules of the program whose outputs have a row for each example and a name of their own. Found by a
  /// pass over the trial inputs when they are first asked for: most programs are loaded for their logits alone.
  const std::vector<std::string>& modules() const;
  std::vector<std::string> find_modules() const;
  /// Returns those of the names that are modules.
  std::vector<std::string> modules_in(const std::vector<std::string>& taps) const;
  std::shared_ptr<const TappedProgram> tapped(const std::vector<std::string>& modules) const;
  at::Tensor prepared(const at::Tensor& inputs) const;

  fs::path file_;
  TaskShape task_;
  InputOptions input_;
  std::string content_fingerprint_;
  std::unique_ptr<Script> script_;
  std::vector<Parameter> parameters_;
  mutable std::vector<Parameter> buffers_;  // a program may put another tensor in the place of one
  int64_t parameter_count_ = 0;
  std::optional<int64_t> multiply_adds_;
  bool gives_probabilities_ = false;
  bool gives_float16_ = false;
  std::vector<std::string> returned_features_;
  mutable std::mutex tapping_;
  mutable std::optional<std::vector<std::string>> modules_;
  mutable std::map<std::vector<std::string>, std::shared_ptr<const TappedProgram>> tapped_;  ///< by modules
};

}  // namespace limbeck
