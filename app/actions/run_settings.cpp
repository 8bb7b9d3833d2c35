#include "app/actions/run_settings.h"

#include <algorithm>

#include "app/signals.h"
#include "core/files.h"

namespace limbeck {
namespace {

/// The seeds to run: the recipe's, the one given, or so many from there on.
std::vector<int64_t> seeds_of(const RunFlags& flags, const Recipe& recipe) {
  const int64_t first = flags.seed >= 0 ? flags.seed : recipe.seed;
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < std::max<int64_t>(1, flags.seeds); ++i) seeds.push_back(first + i);
  return seeds;
}

}  // namespace

DeviceChoice device_choice(const std::string& name) {
  if (name == "cpu") return DeviceChoice::cpu;
  return name == "cuda" ? DeviceChoice::cuda : DeviceChoice::automatic;
}

fs::path out_folder(const RunFlags& flags, const Recipe& recipe) {
  return flags.out.empty() ? fs::path("runs") / recipe.name : fs::path(flags.out);
}

RunOptions run_options(const RunFlags& flags, const Recipe& recipe) {
  return {.out = out_folder(flags, recipe),
          .data = flags.data,
          .device = device_choice(flags.device),
          .cuda_graphs = flags.cuda_graphs,
          .threads = flags.threads,
          .seeds = seeds_of(flags, recipe),
          .reuse = {flags.reuse.begin(), flags.reuse.end()},
          .force = flags.force,
          .stop = stop_token(),
          .command = flags.command};
}

}  // namespace limbeck
