#pragma once
// The files of a run. All are written atomically, except metrics.jsonl, to which lines are appended:
//
//   recipe.yaml            the recipe with all defaults filled in
//   results.json           all numbers, in a stable format for other programs
//   examples.json          test examples with the most informative soft targets
//   report.html, plots/    the report, and its figures as SVG; paper.svg compares with the paper's numbers
//   stages/NAME/           one stage:
//     stage.json             its record: fingerprints of its inputs and of all its files. It is removed before any
//                            file of the stage is written, and written last; the stage is finished if all files
//                            match the record.
//     weights.safetensors, metrics.jsonl, evaluation.json
//     checkpoint.safetensors while the stage is trained; a large one in parts, checkpoint-12-0-1.safetensors, …
//     model.pt               of a TorchScript network: the program with the trained weights
//     labels.safetensors     of an `align` stage: the labels of the frames
//   stages/NAME.K/         the same for each replica; only the weights for replicas trained jointly
//   seed-N/                the same for each seed, if there are several
//   previous/N/            files replaced by a changed run: results, report, recipe, folders of stages that ran again
//   .lock                  made before anything else; a folder that has it is a run's or a sweep's
//
// Each of the JSON files has a struct: run_results.h, examples_result.h, epoch_metrics.h, evaluation_detail.h,
// stage_record.h.
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "limbeck/events.h"
#include "results/epoch_metrics.h"
#include "results/stage_record.h"

namespace limbeck {

struct ExamplesResult;
struct RunResults;

class StageFolder {
 public:
  explicit StageFolder(fs::path folder) : folder_(std::move(folder)) {}

  const fs::path& path() const { return folder_; }
  fs::path weights() const { return folder_ / "weights.safetensors"; }
  fs::path program() const { return folder_ / "model.pt"; }
  fs::path checkpoint() const { return folder_ / "checkpoint.safetensors"; }
  /// Lock of the process that trains the stage, where several processes share the members of an ensemble.
  fs::path labels() const { return folder_ / "labels.safetensors"; }
  fs::path evaluation() const { return folder_ / "evaluation.json"; }

  /// Reads the stage's record, stage.json; nullopt if there is none. Throws Error if it is damaged.
  std::optional<Json> record() const;
  /// Returns a message for the first file that does not match its fingerprint in the record: "weights.safetensors is
  /// not the file that the stage left"; empty if all files match.
  std::string difference_from(const Json& record) const;
  /// Returns the record if the stage is finished, i.e. all files match their fingerprints; else nullopt.
  std::optional<Json> finished() const;
  /// Removes the record, which marks the stage as unfinished until finish().
  void begin() const;
  /// Writes the record with the fingerprints of the stage's files and those of its members.
  void finish(Json record, const std::vector<StageFolder>& members = {}) const;
  /// Copies a stage from another folder, the record last; files that the other lacks are removed here.
  void copy_from(const StageFolder& other) const;
  /// Truncates metrics.jsonl to the first `epochs` epochs; later ones will be written again.
  void keep_metrics(int64_t epochs) const;
  /// Reads the epochs so far, up to a line truncated by a crash; empty if nothing was trained.
  std::vector<EpochMetrics> read_epochs() const;
  void append_metrics(const EpochDone& epoch) const;
  fs::path metrics() const { return folder_ / "metrics.jsonl"; }

 private:
  fs::path stage() const { return folder_ / "stage.json"; }
  /// Returns the files of a finished stage other than its record.
  std::vector<fs::path> files() const { return {weights(), program(), labels(), evaluation(), metrics()}; }
  fs::path folder_;
};

/// Returns the names of all files and folders that a run writes into its folder.
const std::vector<std::string>& names_in_run_folder();

class RunFolder {
 public:
  explicit RunFolder(fs::path folder) : folder_(std::move(folder)) {}

  const fs::path& path() const { return folder_; }
  StageFolder stage(const std::string& name) const { return StageFolder(folder_ / "stages" / name); }
  RunFolder seed(int64_t seed) const { return RunFolder(folder_ / ("seed-" + std::to_string(seed))); }
  /// Whether all files of all finished stages, of all seeds, match their fingerprints.
  bool stages_are_whole() const;
  void write_recipe(const std::string& yaml) const { write_file(folder_ / "recipe.yaml", yaml); }
  void write_results(const RunResults& results) const;
  void write_examples(const ExamplesResult& examples) const;
  /// Moves outdated results, i.e. those whose fingerprint differs from `made_of`, and their report to previous/N, N
  /// being the next free number. Returns that folder; nullopt if there is nothing to move.
  std::optional<fs::path> set_aside_results(const std::string& made_of) const;
  /// Moves a stage's files to the latest of these folders, or to a new one if it already holds the stage, and returns
  /// that folder. A lock that a process may hold stays.
  fs::path set_aside_stage(const std::string& name) const;

 private:
  fs::path previous(int number) const { return folder_ / "previous" / std::to_string(number); }
  void write_json(const char* name, const Json& json) const { write_file(folder_ / name, json.dump(1) + "\n"); }
  fs::path folder_;
};

}  // namespace limbeck
