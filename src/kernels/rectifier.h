#pragma once
#include <limits>

namespace limbeck {

/// An activation fused into the preceding operation: min(max(x, 0), most) + slope · min(x, 0), or none. Slope 0 is
/// ReLU, most = 6 is ReLU6.
struct Rectifier {
  bool on = false;
  float slope = 0;
  float most = std::numeric_limits<float>::infinity();
};

}  // namespace limbeck
