#pragma once
// What a run leaves on disk, all of it written atomically:
//
//   recipe.yaml            the recipe with every default spelled out
//   results.json           what other programs may rely on
//   examples.json          examples whose soft targets say most
//   report.html, plots/    the page, and its figures as SVG: paper.svg sets the paper's numbers beside ours
//   stages/NAME/           weights.safetensors, metrics.jsonl, evaluation.json, stage.json (written last: the stage is
//                          done), checkpoint.safetensors while it is under way; of a TorchScript network also model.pt,
//                          the program with the trained weights; where it aligns speech, labels.safetensors
//   stages/NAME.K/         the same for each replica of a stage that trains several; of those trained together the weights alone
//   seed-N/                the same for each of several seeds
#include <optional>

#include "core/events.h"
#include "core/files.h"
#include "core/json.h"

namespace limbeck {

class StageFolder {
 public:
  explicit StageFolder(fs::path folder) : folder_(std::move(folder)) {}

  const fs::path& path() const { return folder_; }
  fs::path weights() const { return folder_ / "weights.safetensors"; }
  fs::path program() const { return folder_ / "model.pt"; }
  fs::path checkpoint() const { return folder_ / "checkpoint.safetensors"; }
  /// Held by the process that trains the stage where several share an ensemble's members.
  fs::path lock() const { return folder_ / ".lock"; }
  fs::path labels() const { return folder_ / "labels.safetensors"; }
  fs::path evaluation() const { return folder_ / "evaluation.json"; }

  /// What stage.json says; nullopt where the stage is not done. A damaged stage.json is an Error.
  std::optional<Json> finished() const;
  void finish(const Json& stage) const;
  /// Takes over what another folder holds of a stage, stage.json last; files that are not there are left out.
  void copy_from(const StageFolder& other) const;
  /// Keeps the metrics of the first `epochs` epochs; those of later ones will be written again.
  void keep_metrics(int64_t epochs) const;
  void append_metrics(const EpochDone& epoch) const;
  fs::path metrics() const { return folder_ / "metrics.jsonl"; }

 private:
  fs::path stage() const { return folder_ / "stage.json"; }
  fs::path folder_;
};

class RunFolder {
 public:
  explicit RunFolder(fs::path folder) : folder_(std::move(folder)) {}

  const fs::path& path() const { return folder_; }
  StageFolder stage(const std::string& name) const { return StageFolder(folder_ / "stages" / name); }
  RunFolder seed(int64_t seed) const { return RunFolder(folder_ / ("seed-" + std::to_string(seed))); }
  void write_recipe(const std::string& yaml) const { write_file(folder_ / "recipe.yaml", yaml); }
  void write_results(const Json& results) const { write_json("results.json", results); }
  void write_examples(const Json& examples) const { write_json("examples.json", examples); }

 private:
  void write_json(const char* name, const Json& json) const { write_file(folder_ / name, json.dump(1) + "\n"); }
  fs::path folder_;
};

}  // namespace limbeck
