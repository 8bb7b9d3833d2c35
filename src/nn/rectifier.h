#pragma once

namespace limbeck {

/// What follows an operation in the same pass: max(x, 0) + slope · min(x, 0), or nothing. Slope 0 is ReLU.
struct Rectifier {
  bool on = false;
  float slope = 0;
};

}  // namespace limbeck
