#pragma once
// What a comparison says, before it is written as text or as JSON: runs, the number that is compared, the differences.
#include <optional>
#include <string>
#include <vector>

#include "report/comparison.h"
#include "report/statistics.h"
#include "results/reported_run.h"

namespace limbeck {

struct NamedRun {
  std::string name;  ///< the shortest that tells it apart from the others
  ReportedRun results;
};

enum class NoiseVerdict { exceeded, not_exceeded, too_few_seeds, seeds_do_not_vary };

/// Whether two numbers over seeds differ by more than the seeds' noise.
NoiseVerdict noise_between(const Spread& before, const Spread& after);

/// By how much a stage's number differs from another's: of the same stage in the first run, or of another of its run.
struct StageDifference {
  const NamedRun* run = nullptr;
  const ReportedStage* stage = nullptr;
  const NamedRun* reference_run = nullptr;
  const ReportedStage* reference = nullptr;
  Spread before;  ///< the reference's number
  Spread after;   ///< the stage's

  double difference() const { return after.mean - before.mean; }
  std::optional<WelchInterval> interval() const;
  NoiseVerdict noise() const;
};

struct ComparedRuns {
  ComparedRuns() = default;
  ComparedRuns(ComparedRuns&&) = default;
  ComparedRuns(const ComparedRuns&) = delete;  // the differences point into `runs`

  std::vector<NamedRun> runs;
  std::string split;  ///< empty when nothing was evaluated
  std::string metric;
  std::vector<StageDifference> differences;  ///< run by run, in the order of the stages
};

/// Reads the runs and finds the differences; throws as compare_runs() does.
ComparedRuns read_comparison(const std::vector<fs::path>& folders, const CompareOptions& options);

/// Each seed's number; the one number of a run over one seed.
std::vector<double> values_of(const Spread& number);

}  // namespace limbeck
