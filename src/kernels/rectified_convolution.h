#pragma once
// Convolution, bias, shortcut and ReLU as one call of a device's library, without gradient:
//   y = max(0, W ∗ x + b + added)
//
// cuDNN has this call for some types, layers and versions, and LibTorch does not say beforehand for which. So it is
// tried, before its first use, on numbers of the layer's shape, and compared with LibTorch's separate operations.
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "kernels/rectifier.h"
#include "limbeck/operation.h"

namespace limbeck {

/// Hears why something is not done the fast way.
using TellReason = std::function<void(const std::string& reason)>;

/// Whether the call has this activation: ReLU, without slope and upper limit.
bool is_relu(const Rectifier& rectifier);

/// The call for one layer. Not thread-safe; copies share nothing but memory that is not written.
class RectifiedConvolution {
 public:
  /// x [N, in, H, W] channels_last and weight of one type, bias [out], added [N, out, H', W'] of that type or undefined
  /// → y, undefined where the call cannot be used. The first call tries, and waits for the device; it must not be
  /// captured as a graph. `tell` hears of the first failure; nullptr: nobody does.
  at::Tensor operator()(const Convolution& op, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        const at::Tensor& added, const TellReason* tell);

 private:
  bool is_tried_ = false;
  at::Tensor bias_;  ///< in the weight's type; undefined: the call is not used
};

}  // namespace limbeck
