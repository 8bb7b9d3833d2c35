#pragma once
// Everything that training needs to resume bit-identically: weights, running statistics, the losses' parameters, the
// optimizer's state, the position, and the sums of the current epoch. There is no random generator to save, since
// randomness is a function of (seed, purpose, epoch, id).
#include <ATen/core/Tensor.h>

#include <optional>

#include "nn/weights.h"
#include "train/optimizer.h"

namespace limbeck {

/// A position in training: `step` steps of epoch `epoch` are done.
struct Progress {
  int64_t epoch = 0;
  int64_t step = 0;
  double seconds = 0;                   ///< of training so far, over all runs
  at::Tensor sums;                      ///< [k] float64, of the current epoch
  TensorMap stopping;                   ///< state of Stopping
  std::vector<std::string> conditions;  ///< under which it was computed so far, in order: "2 threads, float32"
};

/// What training changes; the tensors are shared.
struct TrainedState {
  Network& network;
  const std::vector<Parameter>& loss_parameters;
  Optimizer& optimizer;
};

class CheckpointFile {
 public:
  /// `fingerprint`: of everything that the result depends on. A checkpoint with another fingerprint is not used.
  CheckpointFile(fs::path path, std::string fingerprint)
      : path_(std::move(path)), fingerprint_(std::move(fingerprint)) {}

  /// Writes atomically: if the process dies meanwhile, the file is either the old or the new checkpoint.
  void save(const TrainedState& state, const Progress& progress) const;

  /// Restores the state. nullopt if there is no checkpoint, or one of another recipe; throws Error, with
  /// advice, if the file is damaged.
  std::optional<Progress> load(const TrainedState& state) const;

  void remove() const;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::string fingerprint_;
};

}  // namespace limbeck
