#include "report/plots/point_labels.h"

#include <algorithm>

#include "report/plots/category_labels.h"

namespace limbeck {
namespace {

constexpr double kTextHeight = 12, kBelowBase = 3, kDot = 5, kBeside = 8, kStep = 14;
constexpr int kSteps = 8;

struct Box {
  double left, top, right, bottom;
  bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

Box box_of(const PointLabel& label) {
  const double width = text_width(label.text), left = label.ends_there ? label.x - width : label.x;
  return {left, label.y - kTextHeight + kBelowBase, left + width, label.y + kBelowBase};
}

/// Where a label may stand, the best first.
std::vector<PointLabel> places(const LabelledPoint& point) {
  const auto at = [&](double down, bool ends_there) {
    return PointLabel{ends_there ? point.x - kBeside : point.x + kBeside, point.y + down, ends_there, point.text};
  };
  std::vector<PointLabel> all = {at(kStep, false), at(-kStep / 2, true), at(4, false), at(4, true)};
  for (int step = 2; step <= kSteps; ++step)
    for (const bool left : {false, true})
      for (const double direction : {1.0, -1.0}) all.push_back(at(direction * step * kStep, left));
  return all;
}

}  // namespace

std::vector<PointLabel> place_labels(const std::vector<LabelledPoint>& points, const LabelFrame& frame) {
  std::vector<Box> taken;
  for (const LabelledPoint& point : points)
    taken.push_back({point.x - kDot, point.y - kDot, point.x + kDot, point.y + kDot});
  std::vector<PointLabel> labels;
  for (const LabelledPoint& point : points) {
    if (point.text.empty()) continue;
    const std::vector<PointLabel> candidates = places(point);
    const auto fits = [&](const PointLabel& label) {
      const Box box = box_of(label);
      return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom &&
             std::none_of(taken.begin(), taken.end(), [&](const Box& other) { return box.overlaps(other); });
    };
    const auto found = std::find_if(candidates.begin(), candidates.end(), fits);
    labels.push_back(found != candidates.end() ? *found : candidates.front());
    taken.push_back(box_of(labels.back()));
  }
  return labels;
}

}  // namespace limbeck
