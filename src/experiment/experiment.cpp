#include "experiment/experiment.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <sched.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "experiment/plots.h"
#include "experiment/results.h"
#include "experiment/seed_run.h"

namespace limbeck {
namespace {

torch::Device device_of(DeviceChoice choice) {
  if (choice == DeviceChoice::cuda && !torch::cuda::is_available())
    throw Error(ErrorKind::usage, "--device cuda: this machine, or this build of LibTorch, has no CUDA device");
  const bool cuda = choice == DeviceChoice::cuda || (choice == DeviceChoice::automatic && torch::cuda::is_available());
  return cuda ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
}

}  // namespace

void use_threads(int threads) {
  if (threads <= 0) {
    cpu_set_t allowed;
    threads = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  }
  at::set_num_threads(threads);
  // Momenta of weights that are no longer used fade into denormal numbers, on which arithmetic is a hundred times slower.
  // The mode belongs to a thread: each of the pool sets its own.
  at::globalContext().setFlushDenormal(true);
  at::parallel_for(0, threads, 1, [](int64_t, int64_t) { at::globalContext().setFlushDenormal(true); });
}

Experiment::Experiment(Recipe recipe, RunOptions options, const EventBus& events)
    : recipe_(std::move(recipe)), options_(std::move(options)), events_(events), folder_(options_.out) {
  for (const StageRecipe& stage : recipe_.stages) precision_of(stage, device_of(options_.device));
  for (const NetworkRecipe& network : recipe_.networks)
    if (!network.weights.empty() && !fs::exists(network.weights))
      throw Error(ErrorKind::usage, fmt::format("networks.{}.weights: there is no file '{}'", network.name, network.weights));
  for (const fs::path& run : options_.reuse)
    if (!fs::is_directory(run)) throw Error(ErrorKind::usage, fmt::format("there is no run folder '{}' to reuse stages of", run.string()));
  if (options_.seeds.empty()) options_.seeds = {recipe_.seed};
  lock_ = std::make_unique<FolderLock>(folder_.path());
}

Experiment::~Experiment() = default;

Json Experiment::run() {
  use_threads(options_.threads);
  const DataFolders folders(options_.data);
  dataset_ = recipe_.data.source.make<Dataset, const DataFolders&>(folders);
  if (recipe_.data.extra) append_unlabelled(*dataset_, *recipe_.data.extra.make<Dataset, const DataFolders&>(folders));
  data_fingerprint_ = dataset_->fingerprint();
  if (options_.seeds.size() == 1) return run_seed(folder_, options_.seeds.front());

  std::vector<Json> runs;
  std::vector<RunFolder> seed_folders;
  for (const int64_t seed : options_.seeds) {
    events_.emit(Notice{fmt::format("seed {} ({} of {})", seed, runs.size() + 1, options_.seeds.size())});
    seed_folders.push_back(folder_.seed(seed));
    runs.push_back(run_seed(seed_folders.back(), seed));
  }
  Json combined = combine_seeds(runs);
  combined["plots"] = plot_values(recipe_, combined["stages"], seed_folders);
  folder_.write_recipe(to_yaml(resolved(recipe_)));
  folder_.write_results(combined);
  return combined;
}

Json Experiment::run_seed(const RunFolder& folder, int64_t seed) {
  return SeedRun({.recipe = recipe_, .dataset = *dataset_, .data_fingerprint = data_fingerprint_, .events = events_,
                  .device = device_of(options_.device), .folder = folder, .seed = static_cast<uint64_t>(seed),
                  .reuse = options_.reuse}).run();
}

}  // namespace limbeck
