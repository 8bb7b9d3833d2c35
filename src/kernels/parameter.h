#pragma once
// The initial values of parameters.
#include "core/random.h"
#include "limbeck/parameter.h"

namespace limbeck {

/// Draws the initial value, with one random stream per row, identified by the row's index.
at::Tensor initial_value(const ParameterDescription& parameter, const RandomKey& stream);

}  // namespace limbeck
