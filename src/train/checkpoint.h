#pragma once
// The full state for bit-identical resume: weights, running statistics, the losses' parameters and state, the
// optimizer's state, the position, and the sums of the current epoch. There is no random generator state, since
// randomness is a function of (seed, purpose, epoch, id).
//
// A checkpoint of more than 15 MiB is divided, so that each file can be carried where large ones cannot: the tensors
// stand in checkpoint-EPOCH-STEP-1.safetensors, …-2.safetensors, …, and checkpoint.safetensors says how many there are.
#include <ATen/core/Tensor.h>

#include <optional>

#include "nn/weights.h"
#include "train/optimizer.h"

namespace limbeck {

/// A position in training: `step` steps of epoch `epoch` are done.
struct Progress {
  int64_t epoch = 0;
  int64_t step = 0;
  double seconds = 0;                   ///< training time so far, over all processes
  at::Tensor sums;                      ///< [k] float64, of the current epoch
  TensorMap stopping;                   ///< state of Stopping
  std::vector<std::string> conditions;  ///< conditions of the computation so far, in order: "2 threads, float32"
};

/// The state that training modifies. Tensors are shared, not copied.
struct TrainedState {
  Network& network;
  const std::vector<Parameter>& loss_parameters;
  const std::vector<Parameter>& loss_state;
  Optimizer& optimizer;
};

class CheckpointFile {
 public:
  /// `fingerprint`: hash of everything that the result depends on. Checkpoints with another fingerprint are ignored.
  CheckpointFile(fs::path path, std::string fingerprint)
      : path_(std::move(path)), fingerprint_(std::move(fingerprint)) {}

  /// Writes atomically: if the process dies, the file is either the old or the new checkpoint, and the parts that
  /// belong to it are there.
  void save(const TrainedState& state, const Progress& progress) const;

  /// Restores the state. Returns nullopt if there is no checkpoint or it has another fingerprint; throws Error, with
  /// advice, if the file is damaged.
  std::optional<Progress> load(const TrainedState& state) const;

  void remove() const;
  const fs::path& path() const { return path_; }

 private:
  fs::path part(const std::string& place, int64_t number) const;
  /// Moves tensors into parts, if they are too large for one file. Returns the number of parts.
  int64_t write_parts(TensorMap& tensors, const std::string& place) const;
  /// Removes the parts of other places; `place` empty: all.
  void remove_parts(const std::string& place) const;

  fs::path path_;
  std::string fingerprint_;
};

}  // namespace limbeck
