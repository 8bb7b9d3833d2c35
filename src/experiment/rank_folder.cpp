#include "experiment/rank_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/claim.h"
#include "core/error.h"
#include "core/json.h"

namespace limbeck {
namespace {

/// Files that decide how a run goes on: stages with their checkpoints, of all seeds, and what marks the folder.
std::vector<std::string> files_to_copy(const fs::path& folder) {
  std::vector<std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path name = fs::relative(entry.path(), folder);
    const std::string top = name.begin()->string();
    const bool is_needed = top == "stages" || top == ".lock" || top.starts_with("seed-");
    // A lease is of the folder in which it lies.
    if (is_needed && entry.is_regular_file() && (top == ".lock" || !is_of_claim(name))) files.push_back(name.string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

fs::path new_folder() {
  std::string name = (fs::temp_directory_path() / "limbeck-rank-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw Error(fmt::format("cannot make the folder '{}': {}", name, std::strerror(errno)));
  return name;
}

}  // namespace

RankFolder::RankFolder(Ranks& ranks, const fs::path& out)
    : path_(ranks.writes() ? out : new_folder()), is_copy_(!ranks.writes()) {
  const Json files = Json::parse(ranks.broadcast(ranks.writes() ? Json(files_to_copy(out)).dump() : ""));
  for (const Json& name : files) {
    const fs::path file = path_ / name.get<std::string>();
    const std::string content = ranks.broadcast(ranks.writes() ? read_file(file) : "");
    if (is_copy_) write_file(file, content);
  }
}

RankFolder::~RankFolder() {
  std::error_code ignored;
  if (is_copy_) fs::remove_all(path_, ignored);
}

}  // namespace limbeck
