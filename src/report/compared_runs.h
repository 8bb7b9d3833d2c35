#pragma once
// The data of a comparison, before it is rendered as text or JSON: the runs, the compared metric, the differences.
#include <optional>
#include <string>
#include <vector>

#include "report/comparison.h"
#include "report/statistics.h"
#include "results/reported_run.h"

namespace limbeck {

struct NamedRun {
  std::string name;  ///< the shortest name that is unique among the runs
  ReportedRun results;
};

enum class NoiseVerdict { exceeded, not_exceeded, too_few_seeds, seeds_do_not_vary };

/// Whether two numbers over seeds differ by more than the seeds' noise.
NoiseVerdict noise_between(const Spread& before, const Spread& after);

/// The difference between a stage and its reference: the same stage in the first run, or another stage of the same run.
struct StageDifference {
  const NamedRun* run = nullptr;
  const ReportedStage* stage = nullptr;
  const NamedRun* reference_run = nullptr;
  const ReportedStage* reference = nullptr;
  Spread before;  ///< of the reference
  Spread after;   ///< of the stage

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

/// Reads the runs and computes the differences. Throws as compare_runs() does.
ComparedRuns read_comparison(const std::vector<fs::path>& folders, const CompareOptions& options);

/// Returns the value of each seed, or the single value of a run with one seed.
std::vector<double> values_of(const Spread& number);

}  // namespace limbeck
