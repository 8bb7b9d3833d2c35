#pragma once
// A TorchScript file, as torch.jit.save writes it, as a network. Its forward takes a batch of inputs and returns
//   a tensor                    the logits [N, C]
//   a tuple or a list           the logits first; further tensors are features, named by their place: "1", "2", …
//   a dict of text to tensors   "logits", or the first tensor if there is none of that name; the others are features
//                               by their keys
// Where these are probabilities (all rows distributions, as softmax gives them), their logarithms are the logits: those
// of the program before its softmax, but for a constant in each row. It works in the type of its weights, gets its
// input in it, and its logits are given as float32. Weights in float16 and bfloat16 are made float32, in which every
// processor can multiply.
//
//   const TorchScriptNetwork network("resnet18.pt", {{3, 32, 32}, 10}, {.mean = {…}, .deviation = {…}});
//   Outputs outputs = network.forward(inputs, {});
//
// Parameters that require a gradient are trained; all other tensors are buffers. What a program draws in training
// (dropout) comes from LibTorch's generator, which is seeded before each training pass by (seed, epoch, first example),
// so that runs repeat. On the CPU a program is run without the just-in-time compiler's optimizations: the compiler
// rewrites after the first passes, and a resumed run would not be bit-identical. If its weights do not change
// (ForwardOptions::prepared: a teacher's), it is optimized once before the first pass, with its weights as constants,
// and used in that form if it gives the same outputs but for rounding.
//
// A TorchScript program can do everything that LibTorch's operations can, such as reading files or running for ever:
// use only files of people whom you trust.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>

#include "core/files.h"
#include "nn/input.h"
#include "nn/network.h"

namespace torch::jit {
struct Module;
}

namespace limbeck {

class TorchScriptNetwork : public Network {
 public:
  /// Loads the file and runs it twice on three examples of the task's shape. Throws Error that names the file where it
  /// cannot be loaded, does not take the input, does not give finite logits [N, classes], or gives an example others in
  /// another batch; classes = 0: as many as it gives.
  TorchScriptNetwork(fs::path file, const TaskShape& task, InputOptions input);
  ~TorchScriptNetwork() override;
  TorchScriptNetwork(const TorchScriptNetwork&) = delete;
  TorchScriptNetwork& operator=(const TorchScriptNetwork&) = delete;

  /// inputs [N, …] of the raw shape in [0, 1]; they are resized and normalised here.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  const std::vector<Parameter>& buffers() const override { return buffers_; }
  /// Of all parameters, those that are not trained among them. A frozen program has none.
  int64_t parameter_count() const override { return parameter_count_; }
  std::optional<int64_t> multiply_adds() const override { return multiply_adds_; }
  /// Never recorded, since its operations are unknown. The widest activation is an estimate.
  Capabilities capabilities() const override;
  std::string identity() const override;
  void to(at::Device device) override;

  int64_t classes() const { return task_.classes; }
  const fs::path& file() const { return file_; }
  /// The program; and what is done to an example before it.
  const torch::jit::Module& module() const;
  const InputOptions& input() const { return input_; }
  /// Whether it ends with a softmax, so that the logits are the logarithms of what it gives; smaller probabilities
  /// count as the smallest that its type tells from 0.
  bool gives_probabilities() const { return gives_probabilities_; }
  double smallest_probability() const;
  /// What can be tapped.
  std::vector<std::string> features() const override { return features_; }

  /// Writes the program with its present weights, in evaluation mode, and these extra files.
  void save(const fs::path& file, const std::map<std::string, std::string>& extra) const;
  /// The same of a program that resizes and normalises its input itself.
  void save_with_input(const fs::path& file, const std::map<std::string, std::string>& extra) const;

 private:
  struct Script;  // torch::jit::Module, whose header takes long to read

  void collect_tensors();
  at::Tensor trial_inputs() const;
  /// The program, or what it became with its weights as constants, made the first time: where it gives the trial inputs
  /// the same outputs.
  torch::jit::Module& program(PreparedWeights* kept) const;
  /// The first run: what the program gives, and whether that fits.
  void try_out();
  Outputs run(const at::Tensor& inputs, const ForwardOptions& options) const;
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
  std::vector<std::string> features_;
};

}  // namespace limbeck
