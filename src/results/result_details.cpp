#include "results/result_details.h"

#include <cmath>
#include <sstream>

#include "core/json.h"
#include "results/binding.h"
#include "results/epoch_metrics.h"
#include "results/keys.h"

namespace limbeck {

std::vector<CurvePoint> curve_points(const StageFolder& folder) {
  std::vector<CurvePoint> curves;
  for (const EpochMetrics& epoch : folder.read_epochs()) curves.push_back(curve_point(epoch));
  return curves;
}

Intervals wilson_intervals(const Named<Metrics>& evaluations) {
  constexpr double kNormal = 1.959963984540054;  // 97.5 % of the normal distribution lie below
  Intervals intervals;
  for (const auto& [split, numbers] : evaluations) {
    const double n = numbers.number(keys::kExamples).value_or(0);
    const std::optional<double> errors = numbers.number(keys::kErrors);
    if (n == 0 || !errors) continue;
    const double p = 1 - *errors / n, z2 = kNormal * kNormal / n;
    const double middle = (p + z2 / 2) / (1 + z2),
                 reach = kNormal * std::sqrt(p * (1 - p) / n + z2 / (4 * n)) / (1 + z2);
    intervals.splits[split] = {.accuracy = {.low = middle - reach, .high = middle + reach},
                               .errors = {.low = n * (1 - middle - reach), .high = n * (1 - middle + reach)}};
  }
  return intervals;
}

}  // namespace limbeck
