#pragma once
// Labels of the dots of a chart, placed without covering dots or each other or leaving the frame, as far as space
// permits.
#include <string>
#include <vector>

namespace limbeck {

/// All positions are in pixels.
struct PointLabel {
  double x = 0.0, y = 0.0;  ///< start of the text's baseline, or its end if `ends_there`
  bool ends_there = false;
  std::string text;
};

struct LabelledPoint {
  double x = 0.0, y = 0.0;
  std::string text;  ///< empty: a dot without label
};

struct LabelFrame {
  double left = 0.0, top = 0.0, right = 0.0, bottom = 0.0;
};

/// Places each label beside its dot. Below right and above left are tried first, where a rising line leaves room.
std::vector<PointLabel> place_labels(const std::vector<LabelledPoint>& points, const LabelFrame& frame);

}  // namespace limbeck
