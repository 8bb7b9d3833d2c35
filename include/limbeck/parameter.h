#pragma once
// A parameter of a network or of a loss: a named tensor.
//
// Thread-safety: a value that shares its tensor.
#include <ATen/core/Tensor.h>

#include <string>

#include "limbeck/operation.h"

namespace limbeck LIMBECK_API {

struct Parameter {
  std::string name;  ///< "fc1.weight"
  at::Tensor value;  ///< float32, with requires_grad where it is trained
};

}  // namespace LIMBECK_API
