#pragma once
// Options of a run: output folder, data, device, seeds.
#include <string>
#include <vector>

#include "core/files.h"
#include "experiment/device.h"
#include "recipe/recipe.h"

namespace limbeck {

struct RunOptions {
  fs::path out;   ///< run folder, created if missing
  fs::path data;  ///< data folder; empty: the default locations
  DeviceChoice device = DeviceChoice::automatic;
  bool cuda_graphs = false;               ///< capture training passes on a CUDA device as CUDA graphs
  int threads = 0;                        ///< 0: as many as the processor has
  std::vector<int64_t> seeds;             ///< empty: the recipe's
  std::vector<fs::path> reuse;            ///< run folders whose finished stages are reused if identical
  bool deployment = false;                ///< measure the inference cost of each network at the end
  bool helps = false;                     ///< train members for another run, see Experiment::help()
  bool force = false;                     ///< use `out` even if it contains other files with names that a run writes
  std::vector<std::string> command = {};  ///< command line of the run, for results.json
};

/// Checks everything that does not need the data: that the device is available, that files named in the recipe exist,
/// and that no stage overwrites one of them. Throws Error of kind usage.
void check_options(const Recipe& recipe, const RunOptions& options);

}  // namespace limbeck
