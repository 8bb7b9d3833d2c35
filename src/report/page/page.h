#pragma once
// Everything that the sections of a run's page are made of, read once.
#include <string>
#include <utility>
#include <vector>

#include "results/reported_run.h"
#include "results/run_files.h"

namespace limbeck {

/// One stage's files over all seeds.
struct PageStage {
  const ReportedStage* result = nullptr;
  int colour = 0;                                  ///< the number of its hue, the same in every chart
  std::vector<std::vector<ReportedEpoch>> epochs;  ///< of each seed that left metrics; of an ensemble's, each member's
  std::vector<int64_t> seeds_evaluated;            ///< the seeds that `detail` pools
  ReportedDetail detail;                           ///< on the page's split, all seeds pooled
};

struct Page {
  Page() = default;
  Page(Page&&) = default;
  Page(const Page&) = delete;  // the stages point into `run`

  ReportedRun run;
  std::string split;  ///< the split that the run is judged by
  std::vector<PageStage> stages;
  std::vector<PageStage> given;           ///< the run's given teachers, which left no files
  std::vector<ReportedCost> costs;        ///< of its networks in LibTorch; of several seeds the first one's
  std::vector<ReportedCost> onnxruntime;  ///< what bench/onnx.mjs measured of the run
  ReportedExamples examples;
  std::string examples_of;  ///< "seed 1" when the examples are one seed's of several
  std::string recipe;       ///< the text of recipe.yaml; empty when there is none

  bool several_seeds() const { return run.seeds.size() > 1; }
  /// Given teachers, then stages.
  std::vector<const PageStage*> networks() const;
  const ReportedCost* cost_of(const std::string& network) const;
};

/// Throws Error when the folder holds no results.json, or a malformed file.
Page read_page(const fs::path& run_folder);

/// The same of a run whose results are known from elsewhere, such as one under way.
Page read_page(const fs::path& run_folder, ReportedRun results);

/// What the counts of the stages' details are of: "test split, 30,000 examples (3 seeds pooled)".
std::string detail_note(const Page& page, const PageStage& stage);

/// How stages were computed, and which, those that were computed alike together: {"2 threads, float32", "baseline,
/// distilled"}.
std::vector<std::pair<std::string, std::string>> stages_by_conditions(const ReportedRun& run);

/// The stages to show where there is no room for all: those that `usable` accepts, and of more than `most` of them
/// those first in which a student is compared with its baseline and its teacher.
std::vector<const PageStage*> chosen_stages(const Page& page, size_t most, bool (*usable)(const PageStage&));

}  // namespace limbeck
