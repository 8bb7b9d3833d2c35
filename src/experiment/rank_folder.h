#pragma once
// The run folder of one of several ranks. Rank 0's is the user's. The others, which may be on other hosts, work in a
// temporary copy of what a run resumes from, so that all decide alike which stages are finished and where training goes
// on; it is removed at the end, or, if its process was killed, by the next rank on that host. One rank writes what
// stays.
//
//   const RankFolder folder(ranks, "runs/mnist");
//   options.out = folder.path();
#include <memory>

#include "core/files.h"
#include "ranks/ranks.h"

namespace limbeck {

class RankFolder {
 public:
  /// Copies rank 0's folder to the others; all ranks call it, before rank 0 changes anything there.
  RankFolder(Ranks& ranks, const fs::path& out);
  ~RankFolder();
  RankFolder(const RankFolder&) = delete;
  RankFolder& operator=(const RankFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  class Copy;
  std::unique_ptr<Copy> copy_;  ///< nullptr: rank 0's
  fs::path path_;
};

}  // namespace limbeck
