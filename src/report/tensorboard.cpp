#include "report/tensorboard.h"

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <sstream>

#include "core/json.h"
#include "core/unique_name.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/stage_record.h"

namespace limbeck {
namespace {

constexpr const char* kPrefix = "events.out.tfevents.";  // by which TensorBoard knows them

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void add(Scalars& scalars, const std::string& tag, const std::optional<double>& value) {
  if (value) scalars.emplace_back(tag, *value);
}

/// The event files of a folder.
std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().filename().string().starts_with(kPrefix)) files.push_back(entry.path());
  return files;
}

/// Puts a file in the place of those that are there, under a later name, since a viewer that watches the folder goes on
/// to the next file; returns its path. An only file that has the same records after its head, which tells the time of
/// its making, is left as it is.
fs::path replace_files(const fs::path& folder, const std::string& head, const std::string& records) {
  const std::vector<fs::path> old = event_files(folder);
  if (old.size() == 1) {
    const std::string before = read_file(old.front());
    if (before.size() >= head.size() && std::string_view(before).substr(head.size()) == records) return old.front();
  }
  const fs::path file =
      folder / fmt::format("{}{}.{}.{}", kPrefix, static_cast<int64_t>(now()), host_name(), ::getpid());
  write_file(file, head + records);
  for (const fs::path& other : old)
    if (other != file) fs::remove(other);
  return file;
}

}  // namespace

Scalars scalars_of(const EpochMetrics& epoch) {
  const EpochSplit none, &train = epoch.train ? *epoch.train : none,
                         &validation = epoch.validation ? *epoch.validation : none;
  Scalars scalars;
  add(scalars, "loss/train", train.loss);
  add(scalars, "accuracy/train", train.accuracy);
  add(scalars, "accuracy/validation", validation.accuracy);
  add(scalars, "nll/validation", validation.loss);
  for (const auto& [name, value] : epoch.terms) add(scalars, "terms/" + name, value);
  add(scalars, keys::kLearningRate, epoch.learning_rate);
  add(scalars, keys::kExamplesPerSecond, epoch.examples_per_second);
  return scalars;
}

void TensorBoardWriter::operator()(const Event& event) {
  if (const auto* started = std::get_if<StageStarted>(&event)) {
    begin(started->folder, started->first_epoch);
  } else if (const auto* reused = std::get_if<StageReused>(&event)) {
    begin(reused->folder, -1);
  } else if (const auto* epoch = std::get_if<EpochDone>(&event); epoch != nullptr && !file_.empty()) {
    append_bytes(file_, new_epochs(epoch->epoch));
  } else if (const auto* done = std::get_if<StageDone>(&event); done != nullptr && !file_.empty()) {
    append_bytes(file_, test_figures({{keys::kAccuracy, done->test.accuracy},
                                      {keys::kErrors, done->test.errors},
                                      {keys::kNll, done->test.loss}}));
  }
}

void TensorBoardWriter::begin(const std::string& stage_folder, int64_t last_epoch) {
  file_.clear();
  if (stage_folder.empty()) return;
  const fs::path stage(stage_folder),
      of_seed = stage.parent_path().parent_path().lexically_relative(run_);  // without "stages"
  metrics_ = stage / "metrics.jsonl";
  if (!fs::exists(metrics_)) return;  // nothing was trained: an ensemble, a calibration
  epoch_ = 0;
  epoch_time_ = now();
  const std::string head = version_record(epoch_time_) + start_record(epoch_time_, 0);
  std::string records = new_epochs(last_epoch);
  if (last_epoch < 0) {
    const auto done = from_json<StageRecord>(read_json(stage / "stage.json"));
    const Metrics* test = done.results.evaluations.find(keys::kTest);
    records += test_figures(test == nullptr ? Metrics() : *test);
  }
  file_ = replace_files((run_ / "tensorboard" / of_seed / stage.filename()).lexically_normal(), head, records);
}

std::string TensorBoardWriter::new_epochs(int64_t last_epoch) {
  std::istringstream lines(read_file(metrics_));
  std::string records;
  for (std::string line; std::getline(lines, line);) {
    const auto epoch = from_json<EpochMetrics>(parse_json_line(line).value_or(nullptr));
    if (epoch.epoch <= epoch_ || (last_epoch >= 0 && epoch.epoch > last_epoch)) continue;
    epoch_ = epoch.epoch;
    epoch_time_ = epoch.time.value_or(epoch_time_);
    records += scalars_record(epoch_time_, epoch_, scalars_of(epoch));
  }
  return records;
}

std::string TensorBoardWriter::test_figures(const Metrics& test) const {
  Scalars scalars;
  for (const char* key : {keys::kAccuracy, keys::kErrors, keys::kNll})
    add(scalars, fmt::format("{}/test", key), test.number(key));
  return scalars_record(epoch_time_, epoch_, scalars);
}

}  // namespace limbeck
