#include "serve/served_runs.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

#include "core/claim.h"
#include "core/error.h"
#include "core/nearest.h"
#include "serve/http.h"

namespace limbeck {
namespace {

constexpr int kDeepestRun = 2;  // runs/PAPER/RUN
constexpr std::string_view kSeedPrefix = "seed-";

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<int64_t> seed_of(const std::string& name) {
  if (!name.starts_with(kSeedPrefix)) return std::nullopt;
  int64_t seed = 0;
  const char* end = name.data() + name.size();
  const auto [stop, problem] = std::from_chars(name.data() + kSeedPrefix.size(), end, seed);
  return problem == std::errc() && stop == end ? std::optional(seed) : std::nullopt;
}

bool is_sweep(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "sweep.json", ignored);
}

bool is_run(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "results.json", ignored) || !names_in(folder / "stages").empty() || is_held(folder))
    return true;
  for (const std::string& name : names_in(folder))
    if (seed_of(name) && is_folder(folder / name / "stages")) return true;
  return false;
}

/// `root` with the last separator, so that "/runs/ab" does not lie in "/runs/a".
bool lies_in(const fs::path& path, const fs::path& root) {
  return path.string().starts_with(root.string() + "/");
}

/// Each with whether it is a sweep.
void find_runs(const fs::path& folder, const fs::path& root, int depth, std::vector<std::pair<fs::path, bool>>& found) {
  if (const bool sweep = is_sweep(folder); sweep || is_run(folder)) {
    found.emplace_back(folder, sweep);
    return;
  }
  if (depth == 0) return;
  for (const std::string& name : names_in(folder)) {
    std::error_code problem;
    const fs::path child = fs::canonical(folder / name, problem);
    if (!problem && is_folder(child) && lies_in(child, root)) find_runs(child, root, depth - 1, found);
  }
}

}  // namespace

bool is_held(const fs::path& folder) {
  const ClaimFiles claim = claim_within(folder);
  struct stat file {};
  if (::stat(claim.lock.c_str(), &file) != 0) return false;
  std::ifstream locks("/proc/locks");
  const std::string inode = fmt::format(":{} ", file.st_ino);
  for (std::string line; std::getline(locks, line);)
    if (line.find("FLOCK") != std::string::npos && line.find(inode) != std::string::npos) return true;
  try {
    const std::optional<SeenLease> lease = look_at_lease(claim.lease, LeaseClock::this_host);
    return lease && !lease->is_expired() && !lease->is_beside(this_process());
  } catch (const Error&) {
    return false;
  }
}

bool ServedRun::contains(const fs::path& path) const {
  std::error_code problem;
  const fs::path real = fs::canonical(path, problem);
  return !problem && lies_in(real, folder_);
}

std::optional<fs::path> ServedRun::file(const fs::path& relative) const {
  std::error_code problem;
  const fs::path real = fs::canonical(folder_ / relative, problem);
  if (problem || !lies_in(real, folder_) || !fs::is_regular_file(real, problem)) return std::nullopt;
  return real;
}

std::vector<SeedFolder> ServedRun::seeds() const {
  std::vector<SeedFolder> seeds;
  for (const std::string& name : names_in(folder_))
    if (const auto seed = seed_of(name); seed && is_folder(folder_ / name) && contains(folder_ / name))
      seeds.push_back({name + "/", seed, folder_ / name});
  std::sort(seeds.begin(), seeds.end(),
            [](const SeedFolder& left, const SeedFolder& right) { return left.seed < right.seed; });
  if (seeds.empty()) seeds.push_back({"", std::nullopt, folder_});
  return seeds;
}

std::vector<std::string> ServedRun::stage_folders(const SeedFolder& seed) const {
  std::vector<std::string> names = names_in(seed.folder / "stages");
  std::erase_if(names, [&](const std::string& name) {
    const fs::path folder = seed.folder / "stages" / name;
    return !is_folder(folder) || !contains(folder);
  });
  return names;
}

void ServedRun::check_contained() const {
  const auto check = [&](const fs::path& path) {
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(path, ignored)) && !contains(path))
      throw Error(fmt::format("'{}' leads out of the run '{}'", path.lexically_relative(folder_).string(), id_));
  };
  std::vector<fs::path> parts = {folder_};
  for (const std::string& name : names_in(folder_))
    if (seed_of(name)) parts.push_back(folder_ / name);
  for (const fs::path& part : parts) {
    if (part != folder_) check(part);
    for (const char* name : {"results.json", "recipe.yaml", "examples.json", "stages"}) check(part / name);
    for (const std::string& stage : names_in(part / "stages")) {
      check(part / "stages" / stage);
      for (const char* name : {"metrics.jsonl", "evaluation.json", "stage.json"}) check(part / "stages" / stage / name);
    }
  }
}

ServedRuns::ServedRuns(std::vector<fs::path> folders) : folders_(std::move(folders)) {
  for (fs::path& folder : folders_) {
    if (!is_folder(folder))
      throw Error(fmt::format("there is no folder '{}'; expected that of a run, or one of runs", folder.string()));
    folder = fs::canonical(folder);
  }
}

std::vector<ServedRuns::Found> ServedRuns::found() const {
  std::vector<std::pair<fs::path, bool>> folders;
  for (const fs::path& folder : folders_) find_runs(folder, folder, kDeepestRun, folders);
  std::vector<Found> all;
  std::map<std::string, int> uses;
  for (const auto& [folder, sweep] : folders) {
    const std::string name = folder.filename().string();
    const int use = ++uses[name];
    all.push_back({ServedRun(use == 1 ? name : fmt::format("{}~{}", name, use), folder), sweep});
  }
  return all;
}

std::vector<ServedRun> ServedRuns::all() const {
  std::vector<ServedRun> runs;
  for (const Found& at : found())
    if (!at.sweep) runs.push_back(at.folder);
  return runs;
}

std::vector<ServedRun> ServedRuns::sweeps() const {
  std::vector<ServedRun> sweeps;
  for (const Found& at : found())
    if (at.sweep) sweeps.push_back(at.folder);
  return sweeps;
}

namespace {

ServedRun with_id(const std::vector<ServedRun>& all, const char* kind, const std::string& id) {
  std::vector<std::string> ids;
  for (const ServedRun& run : all) {
    if (run.id() == id) return run;
    ids.push_back(run.id());
  }
  throw HttpError(404, fmt::format("there is no {} '{}'{}", kind, id, suggestion(id, ids)));
}

}  // namespace

ServedRun ServedRuns::find(const std::string& id) const {
  return with_id(all(), "run", id);
}
ServedRun ServedRuns::find_sweep(const std::string& id) const {
  return with_id(sweeps(), "sweep", id);
}

}  // namespace limbeck
