#pragma once
// Parameters and their initialization.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "core/random.h"
#include "kernels/operation.h"

namespace limbeck {

struct Parameter {
  std::string name;
  at::Tensor value;
};

/// Draws the initial value, with one random stream per row, identified by the row's index.
at::Tensor initial_value(const ParameterDescription& parameter, const RandomKey& stream);

}  // namespace limbeck
