#include "experiment/check_options.h"

#include <algorithm>

#include "experiment/device.h"
#include "experiment/stage_conditions.h"
#include "experiment/static_checks.h"
#include "kernels/cuda_graph.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

/// Throws Error where a stage would write over a file that the recipe reads.
void check_files_stay(const Recipe& recipe, const fs::path& out) {
  const fs::path folder = fs::weakly_canonical(out);
  const auto check = [&](const std::string& network, const std::string& file) {
    const fs::path inside = fs::weakly_canonical(file).lexically_relative(folder);
    std::vector<std::string> parts;
    for (const fs::path& part : inside) parts.push_back(part.string());
    if (!parts.empty() && parts.front().starts_with("seed-")) parts.erase(parts.begin());
    if (parts.size() < 2 || parts.front() != "stages") return;
    for (const StageRecipe& stage : recipe.stages) {
      const std::vector<std::string> folders = weight_folders(stage);
      if (parts[1] == stage.name || std::find(folders.begin(), folders.end(), parts[1]) != folders.end())
        throw Error(
            ErrorKind::usage,
            fmt::format(
                "the network '{}' is read from '{}', which the stage '{}' of this run would write over; choose another "
                "--out",
                network, file, stage.name));
    }
  };
  for (const NetworkRecipe& network : recipe.networks) {
    if (!network.weights.empty()) check(network.name, network.weights);
    for (const std::string& file : files_of(network.architecture)) check(network.name, file);
  }
}

}  // namespace

void check_options(const Recipe& recipe, const RunOptions& options) {
  check_stages(recipe);
  const at::Device device = device_of(options.device);
  for (const StageRecipe& stage : recipe.stages) precision_of(stage, device);
  if (!device.is_cpu()) use_tf32(false);  // float32 is float32, in convolutions too
  if (options.cuda_graphs.value_or(false) && (device.is_cpu() || !cuda_graphs()))
    throw Error(ErrorKind::usage, "--cuda-graphs: the run is not on a CUDA device, or LibTorch was built without CUDA");
  for (const NetworkRecipe& network : recipe.networks) {
    if (!network.weights.empty() && !fs::exists(network.weights))
      throw Error(ErrorKind::usage,
                  fmt::format("networks.{}.weights: there is no file '{}'", network.name, network.weights));
    for (const std::string& file : files_of(network.architecture))
      if (!fs::exists(file))
        throw Error(ErrorKind::usage, fmt::format("networks.{}.{}: there is no file '{}'", network.name,
                                                  network.architecture.name(), file));
  }
  for (const fs::path& run : options.reuse)
    if (!fs::is_directory(run))
      throw Error(ErrorKind::usage, fmt::format("there is no run folder '{}' to reuse stages of", run.string()));
  for (const StageRecipe& stage : recipe.stages) {
    if (options.seeds.size() < 2 || !stage.teacher) continue;
    const auto* kept = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
    if (kept != nullptr && !kept->store.empty() && kept->store_file(0) == kept->store_file(1))
      throw Error(
          ErrorKind::usage,
          fmt::format("stage '{}': the teachers of {} seeds cannot share the store '{}'; write {{seed}} into its "
                      "name",
                      stage.name, options.seeds.size(), kept->store));
  }
  check_files_stay(recipe, options.out);
}

}  // namespace limbeck
