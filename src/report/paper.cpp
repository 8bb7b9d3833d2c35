#include "report/paper.h"

#include <fmt/core.h>

namespace limbeck {

std::string PaperComparison::sentence() const {
  const std::string label = metric_format(key).label;
  if (ours.empty()) return fmt::format("{}: paper {}", label, paper);
  return fmt::format("{}: {} (paper {}, {})", label, ours, paper, difference);
}

std::vector<PaperComparison> paper_comparisons(const ReportedStage& stage, const std::string& split) {
  std::vector<PaperComparison> comparisons;
  for (const auto& [key, value] : stage.paper) {
    const MetricFormat format = metric_format(key);
    const bool percent = format.unit == "%" && value > 1.0;
    PaperComparison comparison;
    comparison.key = key;
    comparison.paper_value = percent ? value / 100 : value;
    comparison.paper = format.format({.mean = comparison.paper_value});
    if (const Spread* ours = stage.measure(split, key)) {
      comparison.ours = format.format(*ours);
      comparison.difference = format.difference(*ours, comparison.paper_value);
    }
    comparisons.push_back(comparison);
  }
  return comparisons;
}

}  // namespace limbeck
