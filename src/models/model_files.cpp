#include "models/model_files.h"

#include <algorithm>

#include "core/error.h"
#include "core/file_format.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/nearest.h"
#include "deploy/onnx_file.h"
#include "results/run_folder.h"

namespace limbeck {
namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    entries.push_back(at->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// Of a run, or of each of its seeds: RUN/NAME, RUN/seed-1/NAME.
std::vector<std::string> trained_in(const fs::path& run) {
  std::vector<std::string> names;
  for (const fs::path& stage : sorted_entries(run / "stages"))
    if (is_there(StageFolder(stage).weights())) names.push_back((run / stage.filename()).string());
  for (const fs::path& entry : sorted_entries(run)) {
    if (!entry.filename().string().starts_with("seed-")) continue;
    const std::vector<std::string> of_seed = trained_in(entry);
    names.insert(names.end(), of_seed.begin(), of_seed.end());
  }
  return names;
}

fs::path file_in_folder(const fs::path& folder) {
  if (is_there(StageFolder(folder).weights())) return StageFolder(folder).weights();
  const std::vector<std::string> names = trained_in(folder);
  if (names.size() == 1) return model_file(names.front());
  if (names.empty())
    throw Error(fmt::format("the folder '{}' holds no trained network; expected a stage's folder, or a file of weights",
                            folder.string()));
  throw Error(ErrorKind::usage,
              fmt::format("'{}' holds several networks; name one: {}", folder.string(), quoted_list(names)));
}

fs::path described_by(const fs::path& file) {
  const Json description = read_json(file);
  const Json weights = description.is_object() ? description.value("weights", Json()) : Json();
  if (!weights.is_string() || !description.contains("layers"))
    throw Error(fmt::format(
        "'{}' is JSON, but no description of a network, as `limbeck export --out student.safetensors` leaves one",
        file.string()));
  return file.parent_path() / weights.get<std::string>();
}

}  // namespace

fs::path model_file(const fs::path& name) {
  if (is_folder(name)) return file_in_folder(name);
  if (is_there(name)) return format_of(name) == FileFormat::json ? described_by(name) : name;
  const StageFolder stage(name.parent_path() / "stages" / name.filename());
  if (is_there(stage.weights())) return stage.weights();
  throw Error(fmt::format("there is no file '{}'", name.string()));
}

std::optional<fs::path> made_from(const fs::path& onnx_file) {
  const std::map<std::string, std::string> metadata = parse_onnx(read_file(onnx_file), onnx_file.string()).metadata;
  const auto fingerprint = metadata.find("limbeck.weights");
  if (fingerprint == metadata.end()) return std::nullopt;
  const fs::path folder = onnx_file.parent_path().empty() ? "." : onnx_file.parent_path();
  std::vector<fs::path> candidates = sorted_entries(folder);
  for (const fs::path& stage : sorted_entries(folder / "stages"))
    for (const fs::path& file : {StageFolder(stage).weights(), StageFolder(stage).program()})
      candidates.push_back(file);
  for (const fs::path& file : candidates) {
    const FileFormat format = format_of(file);
    if (format != FileFormat::safetensors && format != FileFormat::torchscript) continue;
    if (Hasher().add(read_file(file)).fingerprint() == fingerprint->second) return file.lexically_normal();
  }
  return std::nullopt;
}

void refuse_onnx(const fs::path& file, const std::string& what) {
  if (format_of(file) != FileFormat::onnx) return;
  const std::optional<fs::path> source = made_from(file);
  throw Error(
      ErrorKind::usage,
      fmt::format("'{}' is an ONNX file, which `limbeck evaluate`, `predict` and `bench` run "
                  "in onnxruntime and `distill` takes as teacher and student; {} what it was made from: {}",
                  file.string(), what,
                  source ? fmt::format("'{}'", source->string()) : "weights.safetensors or model.pt of the stage"));
}

}  // namespace limbeck
