#pragma once
// How much of what separates a small network from its teacher distillation gives back: of the errors that the same
// network makes beyond the teacher's when it is trained alone, the share that the distilled one no longer makes,
//   (baseline − student) / (baseline − teacher).
//
//   for (const Recovery& recovery : recoveries(run, "test")) fmt::print("{}\n", recovery.sentence());
#include <optional>
#include <string>
#include <vector>

#include "results/reported_run.h"

namespace limbeck {

/// A stage with a teacher, and what to compare it with. Points into the run that it was found in.
struct Recovery {
  const ReportedStage* student = nullptr;
  const ReportedStage* baseline = nullptr;  ///< trains the same network without a teacher; null when no stage does
  const ReportedStage* teacher = nullptr;   ///< a stage or a given network; null when it is neither
  std::string split;

  /// Nothing when teacher or baseline are missing, or the teacher is no better, so that there is no gap.
  std::optional<double> share() const;
  /// "distilled recovers 91 % of the gap: 74 test errors, where baseline makes 146 and teacher 67 …"
  std::string sentence() const;
};

/// One for each stage that has a teacher, errors on `split` and a stage to compare it with, in the order of the stages.
std::vector<Recovery> recoveries(const ReportedRun& run, const std::string& split);

}  // namespace limbeck
