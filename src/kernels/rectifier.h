#pragma once
#include <limits>

namespace limbeck {

/// The activation that follows an operation in the same pass: min(max(x, 0), most) + slope · min(x, 0), or nothing.
/// Slope 0 is ReLU, most 6 ReLU6.
struct Rectifier {
  bool on = false;
  float slope = 0;
  float most = std::numeric_limits<float>::infinity();
};

}  // namespace limbeck
