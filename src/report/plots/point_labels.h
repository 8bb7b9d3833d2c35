#pragma once
// Names beside the dots of a chart, placed where they hide neither dots nor each other nor leave the frame, as far as
// there is room.
#include <string>
#include <vector>

namespace limbeck {

/// All places in pixels.
struct PointLabel {
  double x = 0.0, y = 0.0;  ///< where the text's base line begins, or ends
  bool ends_there = false;
  std::string text;
};

struct LabelledPoint {
  double x = 0.0, y = 0.0;
  std::string text;  ///< empty: a dot without name
};

struct LabelFrame {
  double left = 0.0, top = 0.0, right = 0.0, bottom = 0.0;
};

/// Each beside its dot: below on the right and above on the left first, where a rising line leaves room.
std::vector<PointLabel> place_labels(const std::vector<LabelledPoint>& points, const LabelFrame& frame);

}  // namespace limbeck
