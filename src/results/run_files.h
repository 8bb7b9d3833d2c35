#pragma once
// What a run leaves beside results.json: the metrics of each epoch, the details of each evaluation, the examples whose
// soft targets say most. Files that a run did not come to write are empty here; malformed ones are errors that name the
// file (and the line).
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
  std::optional<int64_t> epochs;  ///< that the stage is to run
  std::optional<double> seconds;  ///< of training, without evaluation
  std::optional<double> examples_per_second;
  std::optional<double> learning_rate;
  std::optional<double> train_loss;
  std::optional<double> train_accuracy;
  std::optional<double> validation_accuracy;
  std::vector<std::pair<std::string, double>> terms;  ///< the objective's terms on train, by name
};

/// In the order of the epochs; of an epoch that was run again after a crash, the last. A last line that a crash cut is
/// left out. Missing file: none.
std::vector<ReportedEpoch> read_metrics(const fs::path& file);

/// What stages/NAME/evaluation.json holds for one split, of one seed or of several pooled (all counts summed).
struct ReportedDetail {
  int64_t examples = 0;
  std::vector<ClassDetail> classes;
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  std::vector<BinDetail> reliability;
};

/// Nothing when the file or the split is missing.
std::optional<ReportedDetail> read_detail(const fs::path& file, const std::string& split);

/// The seeds' counts together; seeds whose classes or bins differ from the first's are left out.
ReportedDetail pool_details(const std::vector<ReportedDetail>& seeds);

struct ReportedExample {
  int64_t id = 0;
  int64_t label = -1;
  int64_t channels = 0, height = 0, width = 0;                      ///< 0 when it is no picture
  std::vector<uint8_t> pixels;                                      ///< [channels, height, width]
  std::vector<std::pair<std::string, std::vector<double>>> logits;  ///< by stage: one for each class
};

struct ReportedExamples {
  std::string split;
  std::string teacher;  ///< the stage whose soft targets they were chosen for; may be empty
  std::vector<double> temperatures;
  std::vector<ReportedExample> examples;
};

/// Missing file: no examples.
ReportedExamples read_examples(const fs::path& file);

}  // namespace limbeck
