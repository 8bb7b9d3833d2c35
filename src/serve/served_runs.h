#pragma once
// Finds the runs to serve and their files. Only files inside the run's folder are served, also after resolving symbolic
// links.
//
//   const ServedRuns runs({"runs"});                 // a run folder, or one that contains run folders
//   const ServedRun run = runs.find("demo");         // by folder name
//   if (const auto file = run.file("results.json")) …
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

/// Returns whether a process has the claim on a folder, as runs and sweeps do while they work: one of this host that
/// holds the lock, or one of another host whose lease has not expired by this host's clock. Writes nothing.
bool is_held(const fs::path& folder);

/// The folder of one seed within a run.
struct SeedFolder {
  std::string prefix;           ///< "seed-2/"; empty for a run over one seed, which has no subfolder for it
  std::optional<int64_t> seed;  ///< set only if the run has several seeds
  fs::path folder;
};

class ServedRun {
 public:
  ServedRun(std::string id, const fs::path& folder) : id_(std::move(id)), folder_(fs::canonical(folder)) {}

  const std::string& id() const { return id_; }
  const fs::path& folder() const { return folder_; }

  /// Returns the canonical path of a regular file in the run; nullopt if there is none or a symbolic link points
  /// outside the run.
  std::optional<fs::path> file(const fs::path& relative) const;
  /// Returns the folders that contain stages/: seed-1, seed-2, … in numeric order, or the run's own folder.
  std::vector<SeedFolder> seeds() const;
  /// Returns the names of the folders in a seed's stages/, sorted.
  std::vector<std::string> stage_folders(const SeedFolder& seed) const;
  /// Throws Error with the path if a file or folder that reports are made from is a symbolic link that points outside
  /// the run.
  void check_contained() const;

 private:
  bool contains(const fs::path& path) const;

  std::string id_;
  fs::path folder_;
};

/// The runs and sweeps in a list of folders. Each call searches the folders again, so that new runs are found.
class ServedRuns {
 public:
  /// Throws Error if one of them is not a folder.
  explicit ServedRuns(std::vector<fs::path> folders);

  /// Returns the runs in the order of the folders, sorted by name within each. Ids are unique among runs and sweeps
  /// (repeated names get the suffix "~2", …). An empty folder whose lock is not held is not a run.
  std::vector<ServedRun> all() const;
  /// Returns the sweeps; the runs of their points are not in all().
  std::vector<ServedRun> sweeps() const;
  /// Throws HttpError (404) if there is no such run.
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
