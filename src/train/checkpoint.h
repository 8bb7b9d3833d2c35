#pragma once
// Everything that training needs to go on as if it had not stopped. Since randomness is a function of (seed, purpose,
// epoch, id), there is no generator to save: weights, the optimiser's state, the place, and the sums of the epoch under
// way.
#include <ATen/core/Tensor.h>

#include <optional>

#include "nn/weights.h"
#include "train/optimizer.h"

namespace limbeck {

/// A place in training: `step` steps of epoch `epoch` are done.
struct Progress {
  int64_t epoch = 0;
  int64_t step = 0;
  double seconds = 0;                   ///< of training so far, over all runs
  at::Tensor sums;                      ///< [k] float64, of the epoch under way
  TensorMap stopping;                   ///< state of Stopping
  std::vector<std::string> conditions;  ///< under which it came so far, one after the other: "2 threads, float32"
};

class CheckpointFile {
 public:
  /// `fingerprint`: of everything that the result depends on. A checkpoint with another one is refused.
  CheckpointFile(fs::path path, std::string fingerprint)
      : path_(std::move(path)), fingerprint_(std::move(fingerprint)) {}

  /// Writes atomically: whatever happens meanwhile, the file is the old or the new checkpoint.
  void save(const Network& network, const Optimizer& optimizer, const Progress& progress) const;

  /// Restores network and optimiser. nullopt where there is no checkpoint, or one of another recipe; Error where the
  /// file is damaged, with advice.
  std::optional<Progress> load(Network& network, Optimizer& optimizer) const;

  void remove() const;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::string fingerprint_;
};

}  // namespace limbeck
