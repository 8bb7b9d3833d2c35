#pragma once
// An ONNX file as a network, run by ONNX Runtime, for evaluation and benchmarks only: it cannot be trained.
#include <memory>
#include <string>

#include "deploy/onnx_file.h"
#include "deploy/onnxruntime.h"
#include "nn/inference.h"
#include "nn/network.h"

namespace limbeck {

class OnnxNetwork : public Network {
 public:
  /// `content`: of the file; `name`: for error messages. If the file takes uint8, inputs are divided by `scale` and
  /// rounded. Runs with LibTorch's current number of threads. Throws Error if ONNX Runtime is missing or rejects the
  /// file.
  OnnxNetwork(const std::string& content, const std::string& name, double scale);

  /// inputs [N, …] in [0, 1] on the CPU. If the file outputs probabilities, returns their logarithms as logits.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return none_; }
  const std::vector<Parameter>& buffers() const override { return none_; }
  int64_t parameter_count() const override { return file_.parameters; }
  std::optional<int64_t> multiply_adds() const override { return std::nullopt; }
  Capabilities capabilities() const override {
    return {.widest_activation = estimated_widest_activation(file_.input_shape)};
  }
  std::string identity() const override { return identity_; }
  void to(at::Device device) override;

  const OnnxFile& file() const { return file_; }

 private:
  std::string name_, identity_;
  OnnxFile file_;
  double scale_;
  OnnxSession session_;
  std::vector<Parameter> none_;
};

}  // namespace limbeck
