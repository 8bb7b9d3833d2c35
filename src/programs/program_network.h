#pragma once
// A network that is a program from a file: TorchScript, ONNX or an archive of torch.export.save (program_file.h). Its
// forward takes a batch of inputs and returns
//   a tensor                    the logits [N, C]
//   a tuple or a list           the logits first; further tensors are features, named by their place: "1", "2", …
//   a dict of text to tensors   "logits", or the first tensor if there is none of that name; the others are features
//                               by their keys
// ProgramOptions::output names another one. What lies between is a feature too: of TorchScript and torch.export by
// module path ("layer3", "layer1.0.conv2"), of ONNX by the value's name (tapped_program.h).
// If the outputs are probabilities (all rows are distributions, as after softmax), their logarithms are the logits:
// those before the softmax, up to a constant per row; those of a sigmoid are log p - log(1 - p). The program runs in
// the type of its weights, and its input is converted to it; logits are returned as float32. Weights in float16 and
// bfloat16 are converted to float32, which every processor supports.
//
//   const ProgramNetwork network(ProgramFormat::onnx, {.file = "resnet18.onnx"}, {{3, 32, 32}, 10},
//                                {.mean = {…}, .deviation = {…}});
//   Outputs outputs = network.forward(inputs, {});
//
// Parameters that require a gradient are trained; all other tensors are buffers. Random numbers in training (dropout)
// come from LibTorch's generator, which is seeded before each training pass by (seed, epoch, first example), so that
// runs are reproducible. On the CPU, programs run without the JIT compiler's optimizations, since it rewrites the
// program after the first passes and a resumed run would not be bit-identical. If the weights do not change
// (ForwardOptions::prepared: a teacher's), the program is frozen and optimized once before the first pass, and the
// optimized form is used if its outputs are equal up to rounding.
//
// A program that takes one example at a time, as files that were exported with a fixed batch size do, is evaluated
// example by example, which is slow, and cannot be trained.
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
#include "programs/program_file.h"
#include "programs/program_options.h"

namespace torch::jit {
struct Module;
}

namespace limbeck {

class TappedProgram;
struct Returned;

class ProgramNetwork : public Network {
 public:
  /// Loads the file and runs it twice on three examples of the task's shape. Throws Error that names the file if it
  /// cannot be loaded, does not accept the input, does not return finite logits [N, classes] (classes = 0: any number),
  /// or returns different outputs for an example in another batch.
  ProgramNetwork(ProgramFormat format, ProgramOptions options, const TaskShape& task, InputOptions input);
  /// The same, of a TorchScript file.
  ProgramNetwork(const fs::path& file, const TaskShape& task, InputOptions input);
  ~ProgramNetwork() override;
  ProgramNetwork(const ProgramNetwork&) = delete;
  ProgramNetwork& operator=(const ProgramNetwork&) = delete;

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
  /// The graph of the ONNX file that it was made of (onnx_weights.h), or else empty.
  const std::string& onnx_graph() const { return onnx_graph_; }
  /// The program, without the preprocessing in input().
  const torch::jit::Module& module() const;
  const InputOptions& input() const { return input_; }
  const ProgramOptions& options() const { return options_; }
  /// What the program's output is: logits, or probabilities of a softmax or a sigmoid, of which the logits are made;
  /// they are clamped to smallest_probability().
  ReturnedValues returns() const { return returns_; }
  double smallest_probability() const;
  /// Describes how its input is given to the program and its outputs are taken; empty: as they are.
  std::string reading() const;
  bool takes_one_example() const { return takes_one_example_; }
  /// Returns the names of features that can be tapped: those that the program returns, then its modules.
  std::vector<std::string> features() const override;

  /// Writes the program with its current weights, in evaluation mode, with these extra files, and its onnx_graph().
  void save(const fs::path& file, const std::map<std::string, std::string>& extra) const;
  /// The same, with the preprocessing included in the program.
  void save_with_input(const fs::path& file, const std::map<std::string, std::string>& extra) const;

 private:
  struct Script;  // torch::jit::Module, whose header takes long to read

  void collect_tensors();
  at::Tensor trial_inputs() const;
  /// Loads the program onto a device and collects its tensors.
  void load(at::Device device);
  void check_options() const;
  /// The shape that the program is given, without the batch.
  Shape shape_seen() const;
  Returned evaluated(const at::Tensor& inputs) const;
  /// Throws Error unless the outputs for trial inputs are logits, and an example's do not depend on the others'.
  void check(const Returned& outputs, const at::Tensor& beside_others) const;
  /// Returns the program, or, on the CPU if a cache is given, its frozen form, created on first use, if that gives the
  /// same outputs for the trial inputs.
  torch::jit::Module& program(PreparedWeights* kept) const;
  /// Runs the program on trial inputs, and determines and validates its outputs.
  void try_out();
  Outputs run(const at::Tensor& inputs, const ForwardOptions& options) const;
  Outputs run_one_by_one(const at::Tensor& inputs, const ForwardOptions& options) const;
  /// Returns the modules of the program whose outputs have a row for each example and a name of their own. Found by a
  /// pass over the trial inputs when they are first asked for: most programs are loaded for their logits alone.
  const std::vector<std::string>& modules() const;
  std::vector<std::string> find_modules() const;
  /// Returns those of the names that are modules.
  std::vector<std::string> modules_in(const std::vector<std::string>& taps) const;
  std::shared_ptr<const TappedProgram> tapped(const std::vector<std::string>& modules) const;
  at::Tensor prepared(const at::Tensor& inputs) const;

  ProgramFormat format_;
  ProgramOptions options_;
  fs::path file_;
  TaskShape task_;
  InputOptions input_;
  std::string content_fingerprint_, onnx_graph_, only_output_;
  std::unique_ptr<Script> script_;
  std::vector<Parameter> parameters_;
  mutable std::vector<Parameter> buffers_;  // a program may put another tensor in the place of one
  int64_t parameter_count_ = 0;
  std::optional<int64_t> multiply_adds_;
  ReturnedValues returns_ = ReturnedValues::logits;
  bool returns_float16_ = false;
  bool takes_one_example_ = false;
  std::vector<std::string> returned_features_;
  mutable std::mutex tapping_;
  mutable std::optional<std::vector<std::string>> modules_;
  mutable std::map<std::vector<std::string>, std::shared_ptr<const TappedProgram>> tapped_;  ///< by modules
};

}  // namespace limbeck
