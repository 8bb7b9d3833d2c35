#pragma once
// The data from which all sections of a run's page are built, read once.
#include <string>
#include <utility>
#include <vector>

#include "results/reported_run.h"
#include "results/run_files.h"

namespace limbeck {

/// One stage's files over all seeds.
struct PageStage {
  const ReportedStage* result = nullptr;
  int colour = 0;                                  ///< color index, the same in every chart
  std::vector<std::vector<ReportedEpoch>> epochs;  ///< of each seed that has metrics; of each member, for an ensemble
  std::vector<int64_t> seeds_evaluated;            ///< the seeds that `detail` pools
  ReportedDetail detail;                           ///< on the page's split, pooled over all seeds
};

struct Page {
  Page() = default;
  Page(Page&&) = default;
  Page(const Page&) = delete;  // the stages point into `run`

  ReportedRun run;
  std::string split;  ///< the run's main evaluation split
  std::vector<PageStage> stages;
  std::vector<PageStage> given;           ///< pretrained teachers, which have no files in the run
  std::vector<ReportedCost> costs;        ///< in LibTorch; with several seeds, those of the first seed
  std::vector<ReportedCost> onnxruntime;  ///< measured by bench/onnx.mjs
  ReportedExamples examples;
  std::string examples_of;  ///< "seed 1" if the run has several seeds and the examples are those of one
  std::string recipe;       ///< content of recipe.yaml; empty if there is no such file

  bool several_seeds() const { return run.seeds.size() > 1; }
  /// Returns the pretrained teachers, followed by the stages.
  std::vector<const PageStage*> networks() const;
  const ReportedCost* cost_of(const std::string& network) const;
};

/// Reads a run's folder. Throws Error if it has no results.json or contains a malformed file.
Page read_page(const fs::path& run_folder);

/// The same with results that are already in memory, such as those of a run in progress.
Page read_page(const fs::path& run_folder, ReportedRun results);

/// Describes the examples behind a stage's counts: "test split, 30,000 examples (3 seeds pooled)".
std::string detail_note(const Page& page, const PageStage& stage);

/// Groups stages by the conditions under which they were computed: {"2 threads, float32", "baseline, distilled"}.
std::vector<std::pair<std::string, std::string>> stages_by_conditions(const ReportedRun& run);

/// Returns the stages to show where space is limited: those that `usable` accepts. If there are more than `most`, those
/// that compare a student with its baseline and its teacher come first.
std::vector<const PageStage*> chosen_stages(const Page& page, size_t most, bool (*usable)(const PageStage&));

}  // namespace limbeck
