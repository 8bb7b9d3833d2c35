#pragma once
// Windows that move over the last axes of a tensor: those of convolutions and pooling.
#include "programs/onnx_call.h"

namespace limbeck {

struct OnnxWindow {
  Shape kernel, stride, dilation;
  Shape before, after;  ///< what is added to each axis
  bool rounds_up = false;

  size_t axes() const { return kernel.size(); }
  /// The extent of a window with its gaps.
  int64_t reach(size_t axis) const { return dilation[axis] * (kernel[axis] - 1) + 1; }
  bool is_symmetric() const { return before == after; }
};

/// By the node's attributes, for this kernel, over a tensor whose last axes have these extents.
OnnxWindow onnx_window(const OnnxCall& call, const Shape& kernel, const Shape& sides);
/// The amounts for aten::constant_pad_nd.
Shape onnx_amounts(const Shape& before, const Shape& after);

}  // namespace limbeck
