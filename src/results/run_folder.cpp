#include "results/run_folder.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "core/claim.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "results/binding.h"
#include "results/checkpoint_parts.h"
#include "results/examples_result.h"
#include "results/json_fields.h"
#include "results/keys.h"
#include "results/run_results.h"

namespace limbeck {
std::optional<Json> StageFolder::record() const {
  if (!fs::exists(stage())) return std::nullopt;
  Json found = read_json(stage());
  if (!found.is_object())
    throw Error(
        fmt::format("'{}' is no stage's record; remove it to train the stage from its start", stage().string()));
  return found;
}

std::string StageFolder::difference_from(const Json& record) const {
  const auto files = record.find(keys::kFiles);
  if (files == record.end() || !files->is_object()) return "its record holds no fingerprints of its files";
  for (const auto& [name, fingerprint] : files->items()) {
    const fs::path file = folder_ / name;
    if (!fs::is_regular_file(file)) return fmt::format("{} is not there", name);
    if (fingerprint != Json(fingerprint_of_file(file)))
      return fmt::format("{} is not the file that the stage left", name);
  }
  return "";
}

std::optional<Json> StageFolder::finished() const {
  std::optional<Json> found = record();
  return found && difference_from(*found).empty() ? found : std::nullopt;
}

void StageFolder::begin() const {
  remove_file(stage());
}

void StageFolder::finish(Json record, const std::vector<StageFolder>& members) const {
  std::vector<fs::path> all = files();
  for (const StageFolder& member : members) {
    const std::vector<fs::path> of_member = member.files();
    all.insert(all.end(), of_member.begin(), of_member.end());
  }
  Json& fingerprints = record[keys::kFiles] = Json::object();
  for (const fs::path& file : all)
    if (fs::exists(file)) fingerprints[file.lexically_relative(folder_).generic_string()] = fingerprint_of_file(file);
  write_file(stage(), record.dump(1) + "\n");
  std::error_code ignored;
  fs::remove(checkpoint(), ignored);
  for (const fs::path& part : checkpoint_parts(checkpoint())) fs::remove(part, ignored);
}

void StageFolder::copy_from(const StageFolder& other) const {
  begin();
  for (const fs::path& file : files()) {
    const fs::path from = other.path() / file.filename();
    if (fs::exists(from))
      write_file(file, read_file(from));
    else
      remove_file(file);
  }
  if (fs::exists(other.stage())) write_file(stage(), read_file(other.stage()));
}

const std::vector<std::string>& names_in_run_folder() {
  static const std::vector<std::string> kNames = {
      "recipe.yaml", "results.json", "examples.json", "report.html",       "plots",
      "stages",      "tensorboard",  "student.onnx",  "student_int8.onnx", "previous"};
  return kNames;
}

namespace {

/// Of those names, what belongs to results.json.
constexpr const char* kOfResults[] = {"report.html",  "examples.json",     "plots",
                                      "student.onnx", "student_int8.onnx", "results.json"};

void move_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::rename(from, to, error);
  if (error) throw Error(fmt::format("cannot move '{}' to '{}': {}", from.string(), to.string(), error.message()));
}

}  // namespace

std::optional<fs::path> RunFolder::set_aside_results(const std::string& made_of) const {
  if (!fs::exists(folder_ / "results.json")) return std::nullopt;
  const Json results = parse_json_line(read_file(folder_ / "results.json")).value_or(nullptr);
  if (results.is_object() && from_json<RunResults>(results).made_of == made_of) return std::nullopt;
  int number = 1;
  while (fs::exists(previous(number))) ++number;
  if (fs::exists(folder_ / "recipe.yaml"))
    write_file(previous(number) / "recipe.yaml", read_file(folder_ / "recipe.yaml"));
  for (const char* name : kOfResults)
    if (fs::exists(folder_ / name)) move_to(folder_ / name, previous(number) / name);
  return previous(number);
}

fs::path RunFolder::set_aside_stage(const std::string& name) const {
  int number = 1;
  while (fs::exists(previous(number + 1))) ++number;
  while (fs::exists(previous(number) / "stages" / name)) ++number;
  const StageFolder from = stage(name);
  std::vector<fs::path> left;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(from.path(), ignored))
    if (!is_of_claim(entry.path())) left.push_back(entry.path());
  for (const fs::path& file : left) move_to(file, previous(number) / "stages" / name / file.filename());
  return previous(number);
}

std::vector<EpochMetrics> StageFolder::read_epochs() const {
  std::vector<EpochMetrics> epochs;
  if (!fs::exists(metrics())) return epochs;
  std::istringstream lines(read_file(metrics()));
  for (std::string line; std::getline(lines, line);) {
    const std::optional<Json> epoch = parse_json_line(line);
    if (!epoch || !epoch->is_object()) break;  // cut by a crash
    epochs.push_back(from_json<EpochMetrics>(*epoch));
  }
  return epochs;
}

void StageFolder::keep_metrics(int64_t epochs) const {
  std::string kept;
  if (fs::exists(metrics())) {
    std::istringstream lines(read_file(metrics()));
    for (std::string line; std::getline(lines, line);) {
      const std::optional<Json> epoch = parse_json_line(line);
      if (!epoch || !json_integer(*epoch, keys::kEpoch) || json_integer(*epoch, keys::kEpoch) > epochs) break;
      kept += line + "\n";
    }
  }
  write_file(metrics(), kept);
}

void StageFolder::append_metrics(const EpochDone& epoch) const {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  append_line(metrics(), to_json(metrics_of(epoch, now)).dump());
}

void RunFolder::write_results(const RunResults& results) const {
  write_json("results.json", to_json(results));
}

void RunFolder::write_examples(const ExamplesResult& examples) const {
  write_json("examples.json", to_json(examples));
}

bool RunFolder::stages_are_whole() const {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("seed-") && entry.is_directory() && !RunFolder(entry.path()).stages_are_whole()) return false;
    if (name != "stages" || !entry.is_directory()) continue;
    for (const fs::directory_entry& stage : fs::directory_iterator(entry.path())) {
      const StageFolder stage_folder(stage.path());
      if (const std::optional<Json> record = stage_folder.record();
          record && !stage_folder.difference_from(*record).empty())
        return false;
    }
  }
  return true;
}

}  // namespace limbeck
