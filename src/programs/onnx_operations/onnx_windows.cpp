#include "programs/onnx_operations/onnx_windows.h"

#include <algorithm>

namespace limbeck {

OnnxWindow onnx_window(const OnnxCall& call, const Shape& kernel, const Shape& sides) {
  constexpr int64_t kMost = 1 << 24;
  const size_t axes = kernel.size();
  const auto list = [&](const char* name, size_t count, int64_t otherwise, int64_t least) {
    Shape all = call.integer_list(name).value_or(Shape(count, otherwise));
    if (all.size() != count) call.refuse(fmt::format("has {} '{}'; expected {}", all.size(), name, count));
    for (const int64_t each : all)
      if (each < least || each > kMost) call.refuse(fmt::format("has {} among its '{}'", each, name));
    return all;
  };
  if (axes == 0 || axes > 3) call.refuse(fmt::format("is over {} axes; expected 1 to 3", axes));
  if (sides.size() != axes) call.refuse(fmt::format("is over {} axes of a tensor that has {}", axes, sides.size()));
  OnnxWindow window{.kernel = kernel,
                    .stride = list("strides", axes, 1, 1),
                    .dilation = list("dilations", axes, 1, 1),
                    .before = Shape(axes, 0),
                    .after = Shape(axes, 0),
                    .rounds_up = call.integer("ceil_mode", 0) != 0};
  for (const int64_t each : kernel)
    if (each < 1 || each > kMost) call.refuse(fmt::format("has a kernel of {}", each));
  const std::string by_itself = call.text("auto_pad", "NOTSET");
  if (by_itself == "NOTSET" || by_itself.empty()) {
    const Shape pads = list("pads", 2 * axes, 0, -kMost);
    window.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
    window.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  } else if (by_itself == "SAME_UPPER" || by_itself == "SAME_LOWER") {
    for (size_t i = 0; i < axes; ++i) {
      const int64_t steps = (sides[i] + window.stride[i] - 1) / window.stride[i];
      const int64_t all = std::max<int64_t>((steps - 1) * window.stride[i] + window.reach(i) - sides[i], 0);
      window.before[i] = by_itself == "SAME_UPPER" ? all / 2 : all - all / 2;
      window.after[i] = all - window.before[i];
    }
  } else if (by_itself != "VALID") {
    call.refuse(fmt::format("pads by '{}'", by_itself));
  }
  return window;
}

Shape onnx_amounts(const Shape& before, const Shape& after) {
  Shape amounts;
  for (size_t i = before.size(); i-- > 0;) {
    amounts.push_back(before[i]);
    amounts.push_back(after[i]);
  }
  return amounts;
}

}  // namespace limbeck
