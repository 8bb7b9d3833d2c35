#include "nn/inference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int64_t kWidestAtOnce = int64_t{1} << 26;  // floats: 256 MiB
constexpr int64_t kMostAtOnce = 1000;

/// One tensor of each part, joined along the first dimension.
template <class Get>
at::Tensor joined(const std::vector<Outputs>& parts, Get get) {
  std::vector<at::Tensor> tensors;
  for (const Outputs& part : parts) tensors.push_back(get(part));
  return at::cat(tensors);
}

}  // namespace

Outputs join_parts(const std::vector<Outputs>& parts) {
  Outputs outputs{.logits = joined(parts, [](const Outputs& part) { return part.logits; })};
  for (const auto& [name, feature] : parts.front().features)
    outputs.features[name] = joined(parts, [&name = name](const Outputs& part) { return part.features.at(name); });
  for (size_t i = 0; i < parts.front().members.size(); ++i)
    outputs.members.push_back(joined(parts, [i](const Outputs& part) { return part.members[i]; }));
  return outputs;
}

int64_t estimated_widest_activation(const Shape& seen) {
  constexpr int64_t kChannels = 64, kOfEach = 16;
  return seen.size() == 3 ? std::max(kChannels, seen[0]) * seen[1] * seen[2] : kOfEach * element_count(seen);
}

int64_t examples_at_once(const Network& network) {
  return std::clamp(kWidestAtOnce / std::max<int64_t>(network.capabilities().widest_activation, 1), int64_t{1},
                    kMostAtOnce);
}

Outputs infer(const Network& network, const at::Tensor& inputs, const ForwardOptions& options) {
  if (options.noise != nullptr) throw Error("inference in parts of a training pass");
  const int64_t most = examples_at_once(network), count = inputs.size(0);
  if (count <= most) return network.forward(inputs, options);
  const int64_t parts = (count + most - 1) / most;
  std::vector<Outputs> results;
  for (const at::Tensor& part : inputs.split((count + parts - 1) / parts))
    results.push_back(network.forward(part, options));
  return join_parts(results);
}

}  // namespace limbeck
