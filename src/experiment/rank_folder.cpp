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

constexpr const char *kFolders = "limbeck-rank-", *kOwner = ".owner";

/// Removes what killed processes have left: folders whose owner's lock is free.
void remove_left_folders() {
  std::error_code ignored;
  for (fs::directory_iterator entry(fs::temp_directory_path(), ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const fs::path owner = entry->path() / kOwner;
    std::error_code unreadable;
    if (!entry->path().filename().string().starts_with(kFolders) || !fs::exists(owner, unreadable)) continue;
    try {
      if (const FileLock lock(owner); lock.acquired()) fs::remove_all(entry->path(), unreadable);
    } catch (const Error&) {
      // It is another user's.
    }
  }
}

fs::path new_folder() {
  std::string name = (fs::temp_directory_path() / (std::string(kFolders) + "XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr)
    throw Error(fmt::format("cannot make the folder '{}': {}", name, std::strerror(errno)));
  return name;
}

}  // namespace

class RankFolder::Copy {
 public:
  Copy() : path_(new_folder()), owner_(path_ / kOwner) { remove_left_folders(); }
  ~Copy() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  FileLock owner_;
};

RankFolder::RankFolder(Ranks& ranks, const fs::path& out)
    : copy_(ranks.writes() ? nullptr : std::make_unique<Copy>()), path_(ranks.writes() ? out : copy_->path()) {
  const Json files = Json::parse(ranks.broadcast(ranks.writes() ? Json(files_to_copy(out)).dump() : ""));
  for (const Json& name : files) {
    const fs::path file = path_ / name.get<std::string>();
    const std::string content = ranks.broadcast(ranks.writes() ? read_file(file) : "");
    if (copy_ != nullptr) write_file(file, content);
  }
}

RankFolder::~RankFolder() = default;

}  // namespace limbeck
