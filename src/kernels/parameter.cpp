#include "kernels/parameter.h"

#include <ATen/ops/empty.h>

#include <cmath>

namespace limbeck {
namespace {

/// Draws the next number of an initial weight.
float draw(Random& random, const ParameterDescription& parameter) {
  const auto fan_in = static_cast<float>(parameter.fan_in), fan_out = static_cast<float>(parameter.fan_out);
  switch (parameter.initial) {
    case Initial::uniform: {
      const float bound = 1.0F / std::sqrt(fan_in);
      return random.uniform(-bound, bound);
    }
    case Initial::glorot_uniform: {
      const float bound = std::sqrt(6.0F / (fan_in + fan_out));
      return random.uniform(-bound, bound);
    }
    case Initial::kaiming_normal:
      return std::sqrt(2.0F / fan_out) * random.normal();
    case Initial::small_normal:
      return 0.01F * random.normal();
    case Initial::zeros:
      return 0;
    case Initial::ones:
      return 1;
  }
  return 0;
}

}  // namespace

at::Tensor initial_value(const ParameterDescription& parameter, const RandomKey& stream) {
  at::Tensor value = at::empty(parameter.shape, at::kFloat);
  auto* at = value.data_ptr<float>();
  const bool is_matrix = parameter.shape.size() > 1;
  const int64_t row = is_matrix ? value.numel() / parameter.shape[0] : value.numel();  // one stream per row
  for (int64_t i = 0; i < value.numel(); i += row) {
    RandomKey own = stream;
    own.id = static_cast<uint32_t>(i / row);
    Random random(own);
    for (int64_t j = 0; j < row; ++j) at[i + j] = draw(random, parameter);
  }
  return value;
}

}  // namespace limbeck
