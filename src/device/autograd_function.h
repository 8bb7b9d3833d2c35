#pragma once
// Includes torch::autograd::Function, for operations with a custom gradient, and suppresses a false warning of GCC 14,
// which reports an out-of-bounds write in a reserve() of vector<bool>.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#include <torch/csrc/autograd/custom_function.h>
#pragma GCC diagnostic pop
