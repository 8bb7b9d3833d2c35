#include "experiment/experiment.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <sched.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>

#include "core/hash.h"
#include "core/json.h"
#include "core/own_files.h"
#include "experiment/plots.h"
#include "experiment/seed_run.h"
#include "experiment/stage_training.h"
#include "experiment/static_checks.h"
#include "kernels/cuda_graph.h"
#include "results/binding.h"
#include "results/run_results.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"

namespace limbeck {
namespace {

at::Device device_of(DeviceChoice choice) {
  if (choice == DeviceChoice::cuda && !torch::cuda::is_available())
    throw Error(ErrorKind::usage, "--device cuda: this machine, or this build of LibTorch, has no CUDA device");
  const bool cuda = choice == DeviceChoice::cuda || (choice == DeviceChoice::automatic && torch::cuda::is_available());
  return cuda ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
}

/// Tells of every hundredth file and of the last.
std::function<void(int64_t, int64_t)> reading_progress(const EventBus& events) {
  constexpr int64_t kEvery = 100;
  const auto start = std::chrono::steady_clock::now();
  return [&events, start](int64_t done, int64_t all) {
    if (done % kEvery != 0 && done != all) return;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    events.emit(WorkProgress{"files read", done, all, static_cast<double>(done) / std::max(seconds, 1e-9)});
  };
}

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

void use_threads(int threads) {
  if (threads <= 0) {
    cpu_set_t allowed;
    threads = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  }
  at::set_num_threads(threads);
  // Momenta of weights that are no longer used fade into denormal numbers, on which arithmetic is a hundred times
  // slower. The mode belongs to a thread: each of the pool sets its own.
  at::globalContext().setFlushDenormal(true);
  at::parallel_for(0, threads, 1, [](int64_t, int64_t) { at::globalContext().setFlushDenormal(true); });
}

Experiment::Experiment(Recipe recipe, RunOptions options, const EventBus& events)
    : recipe_(std::move(recipe)), options_(std::move(options)), events_(events), folder_(options_.out) {
  check_stages(recipe_);
  for (const StageRecipe& stage : recipe_.stages) precision_of(stage, device_of(options_.device));
  if (!device_of(options_.device).is_cpu())
    at::globalContext().setAllowTF32CuDNN(false);  // float32 is float32, in convolutions too
  if (options_.cuda_graphs && (device_of(options_.device).is_cpu() || !cuda_graphs()))
    throw Error(ErrorKind::usage, "--cuda-graphs: the run is not on a CUDA device, or LibTorch was built without CUDA");
  for (const NetworkRecipe& network : recipe_.networks) {
    if (!network.weights.empty() && !fs::exists(network.weights))
      throw Error(ErrorKind::usage,
                  fmt::format("networks.{}.weights: there is no file '{}'", network.name, network.weights));
    for (const std::string& file : files_of(network.architecture))
      if (!fs::exists(file))
        throw Error(ErrorKind::usage, fmt::format("networks.{}.{}: there is no file '{}'", network.name,
                                                  network.architecture.name(), file));
  }
  for (const fs::path& run : options_.reuse)
    if (!fs::is_directory(run))
      throw Error(ErrorKind::usage, fmt::format("there is no run folder '{}' to reuse stages of", run.string()));
  if (options_.seeds.empty()) options_.seeds = {recipe_.seed};
  for (const StageRecipe& stage : recipe_.stages) {
    if (options_.seeds.size() < 2 || !stage.teacher) continue;
    const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
    if (options != nullptr && !options->store.empty() && options->store_file(0) == options->store_file(1))
      throw Error(
          ErrorKind::usage,
          fmt::format("stage '{}': the teachers of {} seeds cannot share the store '{}'; write {{seed}} into its "
                      "name",
                      stage.name, options_.seeds.size(), options->store));
  }
  check_files_stay(recipe_, folder_.path());
  check_output_folder(folder_.path(),
                      {.names = names_in_run_folder(), .proof = ".lock", .kind = "run", .force = options_.force});
  if (!options_.helps) lock_ = std::make_unique<FolderLock>(folder_.path());
}

Experiment::~Experiment() = default;

void Experiment::load_data() {
  use_threads(options_.threads);
  DataFolders folders(options_.data);
  folders.progress = reading_progress(events_);
  folders.tell = [this](const std::string& notice) { events_.emit(Notice{notice}); };
  dataset_ = recipe_.data.source.make<Dataset, const DataFolders&>(folders);
  for (const std::string& notice : dataset_->notices) events_.emit(Notice{notice});
  fingerprints_.source = dataset_->fingerprint();
  if (!recipe_.data.extra) return;
  const auto extra = recipe_.data.extra.make<Dataset, const DataFolders&>(folders);
  fingerprints_.extra = extra->fingerprint();
  append_unlabelled(*dataset_, *extra);
}

RunFolder Experiment::folder_of(int64_t seed) const {
  return options_.seeds.size() > 1 ? folder_.seed(seed) : folder_;
}

std::vector<std::unique_ptr<SeedRun>> Experiment::seed_runs() const {
  const Recorder recorder =
      until_failure(options_.cuda_graphs ? cuda_graphs() : Recorder(), [this](const std::string& reason) {
        events_.emit(Notice{
            fmt::format("a pass could not be recorded as a CUDA graph; training continues without: {}", reason)});
      });
  std::vector<std::unique_ptr<SeedRun>> runs;
  for (const int64_t seed : options_.seeds)
    runs.push_back(std::make_unique<SeedRun>(SeedRunSetup{.recipe = recipe_,
                                                          .dataset = *dataset_,
                                                          .data = fingerprints_,
                                                          .events = events_,
                                                          .device = device_of(options_.device),
                                                          .folder = folder_of(seed),
                                                          .seed = static_cast<uint64_t>(seed),
                                                          .reuse = options_.reuse,
                                                          .recorder = recorder,
                                                          .deployment = options_.deployment,
                                                          .command = options_.command}));
  return runs;
}

Json Experiment::run() {
  load_data();
  // All seeds are made first: what does not fit is found before any of them is trained.
  std::vector<std::unique_ptr<SeedRun>> of_seeds = seed_runs();
  of_seeds.front()->tell_few_steps();
  if (of_seeds.size() == 1) return to_json(of_seeds.front()->run());

  Hasher made_of;
  for (const auto& of_seed : of_seeds) made_of.add(of_seed->made_of());
  const std::string fingerprint = made_of.fingerprint();
  set_aside_results(folder_, fingerprint, events_);
  std::vector<RunResults> runs;
  std::vector<RunFolder> folders;
  for (size_t i = 0; i < of_seeds.size(); ++i) {
    events_.emit(Notice{fmt::format("seed {} ({} of {})", options_.seeds[i], i + 1, of_seeds.size())});
    runs.push_back(from_json<RunResults>(of_seeds[i]->run()));
    folders.push_back(folder_of(options_.seeds[i]));
    of_seeds[i].reset();
  }
  RunResults combined = combine_seeds(runs);
  combined.made_of = fingerprint;
  combined.plots = plots_of(recipe_, combined.stages, folders);
  folder_.write_recipe(to_yaml(resolve(recipe_)));
  folder_.write_results(combined);
  return to_json(combined);
}

int64_t Experiment::help() {
  load_data();
  int64_t trained = 0;
  for (const auto& of_seed : seed_runs()) trained += of_seed->help();
  return trained;
}

void Experiment::visit_stores(const std::string& stage, StoreAccess access, const UseOfStore& use) {
  load_data();
  const std::vector<std::unique_ptr<SeedRun>> of_seeds = seed_runs();
  for (size_t i = 0; i < of_seeds.size(); ++i)
    of_seeds[i]->visit_stores(stage, access, [&](const StageRecipe& visited, StoredViews& teacher) {
      use(visited, options_.seeds[i], teacher);
    });
}

}  // namespace limbeck
