#pragma once
// Parameters: the tensors that training changes, and how each starts.
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

/// Draws the initial value, a stream of random numbers for each row: its place is the stream's id.
at::Tensor initial_value(const ParameterDescription& parameter, const RandomKey& stream);

}  // namespace limbeck
