#include "experiment/experiment.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/hash.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/version.h"
#include "experiment/check_options.h"
#include "experiment/device.h"
#include "experiment/load_dataset.h"
#include "experiment/plots.h"
#include "experiment/seed_run.h"
#include "experiment/side_by_side.h"
#include "experiment/stage_conditions.h"
#include "kernels/cuda_device.h"
#include "kernels/cuda_graph.h"
#include "kernels/device_turns.h"
#include "results/binding.h"
#include "results/run_results.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"

namespace limbeck {
Experiment::Experiment(Recipe recipe, RunOptions options, const EventBus& events, RunRole role, Ranks* ranks)
    : recipe_(std::move(recipe)),
      options_(std::move(options)),
      stop_with_options_(options_.stop, [this] { stop_.request_stop(); }),
      events_(events),
      ranks_(ranks),
      device_(device_of(options_.device, ranks == nullptr ? 0 : ranks->local_rank())),
      folder_(options_.out) {
  if (options_.seeds.empty()) options_.seeds = {recipe_.seed};
  make_current(device_);
  check_ranks();
  check_options(recipe_, options_);
  check_output_folder(folder_.path(),
                      {.names = names_in_run_folder(), .proof = ".lock", .kind = "run", .force = options_.force});
  if (role == RunRole::runs) lock_ = std::make_unique<FolderLock>(folder_.path());
}

Experiment::~Experiment() = default;

void Experiment::check_ranks() const {
  if (ranks_ == nullptr) return;
  if (options_.cuda_graphs.value_or(false))
    throw Error(ErrorKind::usage, "--cuda-graphs: several processes train without CUDA graphs; leave it out");
  ranks_->require_equal("version", fmt::format("{} ({})", library_version(), built_commit()));
  ranks_->require_equal("recipe", Hasher().add(to_yaml(resolve(recipe_))).fingerprint());
  ranks_->require_equal("choice of seeds", fmt::format("{}", fmt::join(options_.seeds, ", ")));
  ranks_->require_equal("kind of device", c10::DeviceTypeName(device_.type()));
  std::vector<std::string> precisions;
  for (const StageRecipe& stage : recipe_.stages)
    precisions.emplace_back(precision_of(stage, device_) == Precision::bfloat16 ? "bfloat16" : "float32");
  ranks_->require_equal("precision of its stages", fmt::format("{}", fmt::join(precisions, ", ")));
}

void Experiment::load_data() {
  use_threads(options_.threads);
  const DeviceUse::Rest rest;
  const auto load = [&] { data_ = load_run_dataset(recipe_.data, options_.data, events_, options_.stop); };
  if (ranks_ == nullptr) return load();
  // Rank 0 first: what it fetches or unpacks is there for those who share its folder.
  if (ranks_->writes()) load();
  ranks_->meet();
  if (!ranks_->writes()) load();
  ranks_->require_equal("content of the data set", data_->fingerprints.source + data_->fingerprints.extra);
}

RunFolder Experiment::folder_of(int64_t seed) const {
  return options_.seeds.size() > 1 ? folder_.seed(seed) : folder_;
}

std::vector<std::unique_ptr<SeedRun>> Experiment::seed_runs(const EventsInOrder* order) const {
  const bool uses_graphs = device_.is_cuda() && ranks_ == nullptr && options_.cuda_graphs.value_or(true);
  const Recorder recorder = until_failure(uses_graphs ? cuda_graphs() : Recorder(), [this](const std::string& reason) {
    events_.emit(
        Notice{fmt::format("a step could not be captured as a CUDA graph; training continues without: {}", reason)});
  });
  const bool side_by_side = runs_side_by_side();
  std::vector<std::unique_ptr<SeedRun>> runs;
  for (size_t i = 0; i < options_.seeds.size(); ++i) {
    const int64_t seed = options_.seeds[i];
    runs.push_back(std::make_unique<SeedRun>(SeedRunSetup{.recipe = recipe_,
                                                          .dataset = *data_->dataset,
                                                          .data = data_->fingerprints,
                                                          .events = order == nullptr ? events_ : order->of(i),
                                                          .device = device_,
                                                          .folder = folder_of(seed),
                                                          .seed = static_cast<uint64_t>(seed),
                                                          .reuse = options_.reuse,
                                                          .recorder = recorder,
                                                          .side_by_side = side_by_side,
                                                          .deployment = options_.deployment,
                                                          .stop = stop_.get_token(),
                                                          .ranks = ranks_,
                                                          .command = options_.command}));
  }
  return runs;
}

bool Experiment::runs_side_by_side() const {
  return device_.is_cuda() && ranks_ == nullptr && may_run_side_by_side(recipe_);
}

bool Experiment::runs_seeds_side_by_side() const {
  const auto shares_store = [](const StageRecipe& stage) {
    return seeds_share_store(stage.teacher) && !unsealed_store(stage.teacher, /*seed=*/0).empty();
  };
  return options_.seeds.size() > 1 && runs_side_by_side() && !options_.deployment &&
         std::none_of(recipe_.stages.begin(), recipe_.stages.end(), shares_store);
}

std::vector<RunResults> Experiment::run_seeds() {
  EventsInOrder order(events_, options_.seeds.size());
  const bool may_share_device = runs_seeds_side_by_side();
  // All seeds are made first: what does not fit is found before any of them is trained.
  std::vector<std::unique_ptr<SeedRun>> seeds = seed_runs(may_share_device ? &order : nullptr);
  seeds.front()->tell_few_steps();
  std::vector<RunResults> runs(seeds.size());
  if (seeds.size() == 1) return {seeds.front()->run()};

  Hasher made_of;
  for (const auto& seed : seeds) made_of.add(seed->made_of());
  made_of_seeds_ = made_of.fingerprint();
  set_aside_results(folder_, made_of_seeds_, events_);
  const auto run_one = [&](size_t i) {
    EventsInOrder::Turn turn(order, i);
    const EventBus& bus = may_share_device ? order.of(i) : events_;
    bus.emit(Notice{fmt::format("seed {} ({} of {})", options_.seeds[i], i + 1, seeds.size())});
    runs[i] = seeds[i]->run();
    wait_for(device_);  // what it shares with others is released
    seeds[i].reset();
    turn.end();
  };
  if (may_share_device && seeds.front()->fits_side_by_side(seeds.size())) {
    events_.emit(Notice{fmt::format("{} seeds are trained, up to {} side by side; shown is the first that is not done",
                                    seeds.size(), DeviceUse::kMost)});
    run_side_by_side(device_, WorkNeeds(seeds.size()), run_one, [&] { stop_.request_stop(); });
  } else {
    for (size_t i = 0; i < seeds.size(); ++i) run_one(i);
  }
  return runs;
}

Json Experiment::run() {
  load_data();
  const std::vector<RunResults> runs = run_seeds();
  if (runs.size() == 1) return to_json(runs.front());
  std::vector<RunFolder> folders;
  for (const int64_t seed : options_.seeds) folders.push_back(folder_of(seed));
  RunResults combined = combine_seeds(runs);
  combined.made_of = made_of_seeds_;
  combined.plots = plots_of(recipe_, combined.stages, folders);
  folder_.write_recipe(to_yaml(resolve(recipe_)));
  folder_.write_results(combined);
  return to_json(combined);
}

int64_t Experiment::help() {
  load_data();
  int64_t trained = 0;
  for (const auto& seed : seed_runs()) trained += seed->help();
  return trained;
}

void Experiment::visit_stores(const StoreVisit& visit, const UseOfSeedStore& use) {
  load_data();
  const std::vector<std::unique_ptr<SeedRun>> seeds = seed_runs();
  for (size_t i = 0; i < seeds.size(); ++i)
    seeds[i]->visit_stores(visit, [&](const StageRecipe& stage, const std::optional<StoreShard>& shard,
                                      StoredViews& teacher) { use(stage, shard, options_.seeds[i], teacher); });
}

}  // namespace limbeck
