#pragma once
// How much of what separates a small network from its teacher distillation gives back: of the errors that the same
// network makes beyond the teacher's when it is trained alone, the share that the distilled one no longer makes,
//   (baseline − student) / (baseline − teacher).
//
//   for (const Recovery& recovery : recoveries(run, "test")) fmt::print("{}\n", recovery.sentence());
#include <optional>
#include <string>
#include <vector>

#include "report/reported_run.h"

namespace limbeck {

/// A stage with a teacher and one without that share a network. Points into the run that it was found in.
struct Recovery {
  const ReportedStage* student = nullptr;
  const ReportedStage* baseline = nullptr;
  const ReportedStage* teacher = nullptr;  ///< null when the teacher is no stage of the run
  std::string split;

  /// Nothing when the teacher is unknown or no better than the baseline, so that there is no gap.
  std::optional<double> share() const;
  /// "distilled recovers 91 % of the gap: 74 errors, where baseline makes 146 and teacher 67 …"
  std::string sentence() const;
};

/// One for each stage with a teacher that has errors on `split`, in the order of the stages.
std::vector<Recovery> recoveries(const ReportedRun& run, const std::string& split);

}  // namespace limbeck
