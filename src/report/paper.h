#pragma once
// Compares our results with the paper's.
#include <string>
#include <vector>

#include "results/reported_run.h"

namespace limbeck {

struct PaperComparison {
  std::string key;         ///< "errors"
  std::string paper;       ///< "67"
  std::string ours;        ///< "70.3 ± 4.2"; empty if the stage was not evaluated
  std::string difference;  ///< ours minus the paper's: "+3.3"; empty if the stage was not evaluated
  double paper_value = 0;  ///< in our units

  /// Describes the comparison; the metric is named unless it is "errors": "errors on 3: 14 (paper 133, -119)".
  std::string sentence() const;
};

/// Returns one comparison for each number that the paper reports for the stage. A fraction that the paper reports in
/// percent (accuracy 73.26, where ours is 0.7326) is converted.
std::vector<PaperComparison> paper_comparisons(const ReportedStage& stage, const std::string& split);

}  // namespace limbeck
