#include "train/calibration.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace limbeck {
namespace {

/// From b = threshold on, the example is given one of the classes; that changes the number of errors by `change`.
struct Crossing {
  double threshold = 0;
  int64_t change = 0;
};

std::vector<bool> chosen_classes(const std::vector<int64_t>& classes, int64_t count) {
  std::vector<bool> chosen(static_cast<size_t>(count), false);
  for (const int64_t label : classes) {
    if (label < 0 || label >= count)
      throw Error(ErrorKind::usage,
                  fmt::format("calibration: class {} does not exist; there are the classes 0 to {}", label, count - 1));
    chosen[static_cast<size_t>(label)] = true;
  }
  const auto size = std::count(chosen.begin(), chosen.end(), true);
  if (size == 0 || size == count)
    throw Error(ErrorKind::usage,
                "calibration: expected some of the classes, but not all; a number added to all biases changes nothing");
  return chosen;
}

}  // namespace

BiasCalibration calibrate_bias(const at::Tensor& logits, const at::Tensor& labels,
                               const std::vector<int64_t>& classes) {
  const at::Tensor rows = logits.to(at::kCPU).to(at::kDouble).contiguous();
  const at::Tensor names = labels.to(at::kCPU).contiguous();
  const int64_t examples = rows.size(0), count = rows.size(1);
  const std::vector<bool> shifted = chosen_classes(classes, count);

  std::vector<Crossing> crossings;
  int64_t errors = 0, errors_before = 0;  // at b = −∞, where none of the classes is ever chosen; and at b = 0
  for (int64_t i = 0; i < examples; ++i) {
    const double* z = rows.data_ptr<double>() + i * count;
    int64_t inside = -1, outside = -1;
    for (int64_t c = 0; c < count; ++c) {
      int64_t& best = shifted[static_cast<size_t>(c)] ? inside : outside;
      if (best < 0 || z[c] > z[best]) best = c;
    }
    const int64_t label = names.data_ptr<int64_t>()[i];
    const int64_t wrong_outside = outside != label, wrong_inside = inside != label;
    const double threshold = z[outside] - z[inside];
    errors += wrong_outside;
    const bool is_inside =
        threshold < 0 || (threshold == 0 && inside < outside);  // of equal logits the first is chosen
    errors_before += is_inside ? wrong_inside : wrong_outside;
    if (wrong_inside != wrong_outside) crossings.push_back({threshold, wrong_inside - wrong_outside});
  }
  std::sort(crossings.begin(), crossings.end(),
            [](const Crossing& a, const Crossing& b) { return a.threshold < b.threshold; });

  BiasCalibration best{.offset = 0, .errors_before = errors_before, .errors_after = errors_before};
  double best_width = -1;  // of the gap that holds the best offset; 0 is kept until something is better
  for (size_t i = 0; i <= crossings.size(); ++i) {
    // Between crossing i − 1 and crossing i; the outermost gaps end one beyond the last crossing.
    const double low = i == 0 ? (crossings.empty() ? 0 : crossings.front().threshold - 2) : crossings[i - 1].threshold;
    const double high = i == crossings.size() ? low + 2 : crossings[i].threshold;
    const bool better = errors < best.errors_after;
    const bool wider = best_width >= 0 && errors == best.errors_after && high - low > best_width;
    if (high > low && (better || wider)) {
      best.offset = (low + high) / 2;
      best.errors_after = errors;
      best_width = high - low;
    }
    if (i < crossings.size()) errors += crossings[i].change;
  }
  return best;
}

}  // namespace limbeck
