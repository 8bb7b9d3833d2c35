#include "deploy/onnx_network.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include <limits>

#include "core/error.h"
#include "core/hash.h"
#include "programs/returned_outputs.h"

namespace limbeck {

OnnxNetwork::OnnxNetwork(const std::string& content, const std::string& name, double scale)
    : name_(name),
      identity_(Hasher().add(content).fingerprint()),
      file_(parse_onnx(content, name)),
      scale_(scale),
      session_(content, {.name = name, .threads = at::get_num_threads()}) {}

Outputs OnnxNetwork::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  if (options.noise != nullptr || !options.taps.empty())
    throw Error(fmt::format("the ONNX file '{}' is neither trained nor tapped", name_));
  const at::Tensor pixels =
      file_.takes_bytes ? (inputs / scale_).round().clamp(0, 255).to(at::kByte) : inputs.to(at::kFloat);
  const at::Tensor found = session_.run(file_.input, pixels, file_.output);
  if (found.dim() != 2 || found.size(0) != inputs.size(0))
    throw Error(fmt::format("the ONNX file '{}' gives {} for {} examples; expected a row of each", name_,
                            to_text(found.sizes().vec()), inputs.size(0)));
  return {.logits = logits_of(found, file_.returns, std::numeric_limits<float>::min())};
}

void OnnxNetwork::to(at::Device device) {
  if (!device.is_cpu())
    throw Error(fmt::format("the ONNX file '{}' is run on the processor, not on {}", name_, device.str()));
}

}  // namespace limbeck
