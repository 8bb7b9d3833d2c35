#pragma once
// A paper's number beside ours.
#include <string>
#include <vector>

#include "results/reported_run.h"

namespace limbeck {

struct PaperComparison {
  std::string key;         ///< "errors"
  std::string paper;       ///< "67"
  std::string ours;        ///< "70.3 ± 4.2"; empty when the stage was not evaluated
  std::string difference;  ///< ours − the paper's: "+3.3"; empty as well
  double paper_value = 0;  ///< in our units

  /// Of any measure but the errors, which need no name: "errors on 3: 14 (paper 133, -119)".
  std::string sentence() const;
};

/// One for each number that the paper gives for the stage. A share that the paper gives in percent (accuracy 73.26,
/// where ours is 0.7326) is read as percent.
std::vector<PaperComparison> paper_comparisons(const ReportedStage& stage, const std::string& split);

}  // namespace limbeck
