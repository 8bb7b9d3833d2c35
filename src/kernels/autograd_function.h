#pragma once
// torch::autograd::Function, for operations with a gradient of their own. GCC 14 takes the reserve() of a vector<bool>
// in it for a write out of bounds.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#include <torch/csrc/autograd/custom_function.h>
#pragma GCC diagnostic pop
