#pragma once
// Readers of a run's files other than results.json: per-epoch metrics, details of evaluations, and the examples with
// the most informative soft targets. Missing files yield empty results; a malformed file throws Error that names the
// file (and line).
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"
#include "results/evaluation_detail.h"

namespace limbeck {

/// One line of stages/NAME/metrics.jsonl.
struct ReportedEpoch {
  int64_t epoch = 0;
  std::optional<int64_t> epochs;  ///< planned for the stage
  std::optional<double> seconds;  ///< of training, without evaluation
  std::optional<double> examples_per_second;
  std::optional<double> learning_rate;
  std::optional<double> train_loss;
  std::optional<double> train_accuracy;
  std::optional<double> validation_accuracy;
  std::vector<std::pair<std::string, double>> terms;  ///< the objective's terms on train, by name
};

/// Reads metrics.jsonl in epoch order; of an epoch that was repeated after a crash, the last line counts. A last line
/// truncated by a crash is skipped. Returns an empty list if the file is missing.
std::vector<ReportedEpoch> read_metrics(const fs::path& file);

/// The content of stages/NAME/evaluation.json for one split, of one seed or pooled over several (counts are summed).
struct ReportedDetail {
  int64_t examples = 0;
  std::vector<ClassDetail> classes;
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  std::vector<BinDetail> reliability;
};

/// Returns nullopt if the file or the split is missing.
std::optional<ReportedDetail> read_detail(const fs::path& file, const std::string& split);

/// Pools the counts of several seeds; seeds whose classes or bins differ from the first's are skipped.
ReportedDetail pool_details(const std::vector<ReportedDetail>& seeds);

struct ReportedExample {
  int64_t id = 0;
  int64_t label = -1;
  int64_t channels = 0, height = 0, width = 0;                      ///< 0 if the example is not an image
  std::vector<uint8_t> pixels;                                      ///< [channels, height, width]
  std::vector<std::pair<std::string, std::vector<double>>> logits;  ///< by stage: one for each class
};

struct ReportedExamples {
  std::string split;
  std::string teacher;  ///< the stage whose soft targets they were chosen for; may be empty
  std::vector<double> temperatures;
  std::vector<ReportedExample> examples;
};

/// Reads examples.json; no examples if the file is missing.
ReportedExamples read_examples(const fs::path& file);

}  // namespace limbeck
