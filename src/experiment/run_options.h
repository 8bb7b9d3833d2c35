#pragma once
// How a recipe is run: where to, on what data and device, for which seeds.
#include <string>
#include <vector>

#include "core/files.h"
#include "experiment/device.h"
#include "recipe/recipe.h"

namespace limbeck {

struct RunOptions {
  fs::path out;   ///< the run folder; made where it does not exist
  fs::path data;  ///< data folder; empty: the usual places
  DeviceChoice device = DeviceChoice::automatic;
  bool cuda_graphs = false;     ///< passes of training on a CUDA device are recorded once and launched as one
  int threads = 0;              ///< 0: as many as the processor has
  std::vector<int64_t> seeds;   ///< empty: the recipe's
  std::vector<fs::path> reuse;  ///< run folders whose finished stages are taken over where they are the same
  bool deployment = false;      ///< at the end, measure what each network costs where it is used
  bool helps = false;           ///< not a run of its own: Experiment::help() beside one
  bool force = false;           ///< `out` is taken although it holds files of others under the names that a run writes
  std::vector<std::string> command = {};  ///< by which the run was started, for results.json
};

/// Checks what can be checked without the data: the device, that files named in the recipe are there, that no stage
/// writes over one of them. Throws Error of kind usage.
void check_options(const Recipe& recipe, const RunOptions& options);

}  // namespace limbeck
