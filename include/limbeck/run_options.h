#pragma once
// Options of a run: where it leaves its files, where the data is, seeds, device.
//
//   RunOptions options{.out = "runs/digits", .seeds = {1, 2, 3}};
//
// Thread-safety: a value. `stop` may be requested from any thread.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// Where tensors are computed. automatic: on a CUDA device if there is one.
enum class DeviceChoice { cpu, cuda, automatic };

struct RunOptions {
  std::filesystem::path out;   ///< run folder, created if missing; empty: runs/NAME, NAME being the recipe's
  std::filesystem::path data;  ///< data folder; empty: $LIMBECK_DATA, then the user's cache folder
  DeviceChoice device = DeviceChoice::automatic;
  /// Capture a training step on a CUDA device as one CUDA graph. Not set: where that is possible. true: it is an error
  /// if the device is another.
  std::optional<bool> cuda_graphs = {};
  int threads = 0;                                ///< of the whole process; 0: as many as the processor has
  std::vector<int64_t> seeds = {};                ///< empty: the recipe's
  std::vector<std::filesystem::path> reuse = {};  ///< run folders whose finished stages are reused if identical
  bool deployment = false;                        ///< measure the inference cost of each network at the end
  bool force = false;                             ///< use `out` even if it contains files with names that a run writes
  /// Train together with the other processes that torchrun, Slurm or Open MPI started, as environment variables say;
  /// where none says so, in this process alone. Rank 0 writes `out`.
  bool distributed = false;
  std::stop_token stop = {};              ///< a stop saves a checkpoint and throws Error of kind interrupted
  std::vector<std::string> command = {};  ///< command line, for results.json
};

}  // namespace LIMBECK_API
