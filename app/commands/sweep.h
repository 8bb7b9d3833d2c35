#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace limbeck {

/// The flags of the plan correspond to the members of SweepRequest (sweep/sweep.h).
struct SweepFlags {
  std::string out, stage, data;
  std::vector<std::string> recipes, over, settings, reuse;
  int64_t random = 0, seed = -1, seeds = 1;
  std::string metric = "errors";
  std::string device = "auto";
  int threads = 0, jobs = 0;
  bool tensorboard = false, force = false, helps_along = false;
  std::optional<bool> cuda_graphs;
};

}  // namespace limbeck
