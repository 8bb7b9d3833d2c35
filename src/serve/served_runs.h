#pragma once
// Which runs are shown, and which of their files: those that lie in the run's folder, also after links are followed.
//
//   const ServedRuns runs({"runs"});                 // the folder of a run, or one that holds such folders
//   const ServedRun run = runs.find("demo");         // by the folder's name
//   if (const auto file = run.file("results.json")) …
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

/// Whether another process holds the folder, as a run or a sweep does while it works. Looking does not take its lock.
bool is_held(const fs::path& folder);

/// The folder of one seed within a run.
struct SeedFolder {
  std::string prefix;           ///< "seed-2/"; empty for a run over one seed, whose folder it is itself
  std::optional<int64_t> seed;  ///< of several
  fs::path folder;
};

class ServedRun {
 public:
  ServedRun(std::string id, const fs::path& folder) : id_(std::move(id)), folder_(fs::canonical(folder)) {}

  const std::string& id() const { return id_; }
  const fs::path& folder() const { return folder_; }

  /// The real path of a regular file in the run; nothing where there is none, or a link leads out of the run.
  std::optional<fs::path> file(const fs::path& relative) const;
  /// The folders that hold stages/: seed-1, seed-2, …, in their order, or the run's own.
  std::vector<SeedFolder> seeds() const;
  /// Names of the folders in a seed's stages/, sorted.
  std::vector<std::string> stage_folders(const SeedFolder& seed) const;
  /// Throws Error that names a file or folder of those that reports are made of which a link leads out of the run.
  void check_contained() const;

 private:
  bool contains(const fs::path& path) const;

  std::string id_;
  fs::path folder_;
};

/// Looked for again at each question, so that runs that begin while they are watched are found.
class ServedRuns {
 public:
  /// Throws Error where one of them is no folder.
  explicit ServedRuns(std::vector<fs::path> folders);

  /// In the order of the folders, and by name within each; no two have the same id, nor that of a sweep. A folder that
  /// nothing was written into, and that nobody holds, is no run.
  std::vector<ServedRun> all() const;
  /// Folders of sweeps, whose points are no runs of their own here.
  std::vector<ServedRun> sweeps() const;
  /// Throws HttpError (404).
  ServedRun find(const std::string& id) const;
  ServedRun find_sweep(const std::string& id) const;

 private:
  struct Found {
    ServedRun folder;
    bool sweep = false;
  };
  std::vector<Found> found() const;

  std::vector<fs::path> folders_;
};

}  // namespace limbeck
