#include "experiment/stage_training.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "experiment/stage_entry.h"
#include "experiment/stage_networks.h"
#include "experiment/stage_teacher.h"
#include "kernels/fused_linear.h"
#include "kernels/products.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

/// The events of training, with metrics.jsonl written before anyone else sees them: a checkpoint never gets ahead of
/// it.
EventBus metrics_writer(const RunContext& run, const StageFolder& folder) {
  EventBus bus;
  bus.subscribe([folder](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) folder.keep_metrics(started->first_epoch);
    if (const auto* epoch = std::get_if<EpochDone>(&event)) folder.append_metrics(*epoch);
  });
  bus.subscribe([&run, folder](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) {
      StageStarted told = *started;
      told.folder = folder.path();
      run.events.emit(told);
    } else {
      run.events.emit(event);
    }
  });
  return bus;
}

}  // namespace

Precision precision_of(const StageRecipe& stage, at::Device device) {
  if (!device.is_cpu()) return stage.precision == PrecisionChoice::bfloat16 ? Precision::bfloat16 : Precision::float32;
  const bool fast = has_fast_bfloat16();
  if (stage.precision == PrecisionChoice::bfloat16 && !fast)
    throw Error(ErrorKind::usage, fmt::format("stage '{}': precision bfloat16 {}; use `auto` or `float32`", stage.name,
                                              has_products() ? "needs a processor with AVX512_BF16"
                                                             : "needs oneDNN, which this build lacks"));
  return fast && stage.precision != PrecisionChoice::float32 ? Precision::bfloat16 : Precision::float32;
}

std::string conditions_of(const RunContext& run, const StageRecipe& stage, const Network& network,
                          Precision precision) {
  const auto precision_in = [&](bool has_large_products) {
    return precision == Precision::bfloat16 && (has_large_products || !run.device.is_cpu()) ? "bfloat16" : "float32";
  };
  const auto has_large_products = [&](const std::string& teacher) {
    return run.networks.network(teacher)->capabilities().rounds_products;
  };
  const std::string own = precision_in(network.capabilities().rounds_products);
  const std::string taught =
      precision_in(std::any_of(stage.teachers.begin(), stage.teachers.end(), has_large_products));
  const int threads = at::get_num_threads();
  return fmt::format("{} thread{}, {}{}", threads, threads == 1 ? "" : "s", own,
                     stage.teachers.empty() || taught == own ? "" : ", teacher in " + taught);
}

TrainingResult train(RunContext& run, const StageRecipe& stage, Network& network, const ExampleSet& examples,
                     const ExampleSet& validation, const std::string& fingerprint) {
  const StageFolder folder = run.folder_of(stage);
  const uint64_t seed = run.seed_of(stage);
  const Augmenter augmenter(stage.augment);
  const Precision precision = precision_of(stage, run.device);
  const std::unique_ptr<Teacher> teacher = make_training_teacher(run, stage, examples, augmenter);
  if (teacher != nullptr) tell_of_views(run, stage, view_accuracy(*teacher, examples, augmenter, seed));
  const CheckpointFile checkpoint(folder.checkpoint(), fingerprint);
  const EventBus bus = metrics_writer(run, folder);
  return Trainer({.stage = stage,
                  .seed = seed,
                  .network = network,
                  .teacher = teacher.get(),
                  .train = examples,
                  .validation = validation,
                  .augmenter = augmenter,
                  .checkpoint = checkpoint,
                  .events = bus,
                  .precision = precision,
                  .recorder = run.recorder,
                  .conditions = conditions_of(run, stage, network, precision)})
      .run();
}

StageOutcome train_stage(RunContext& run, const StageRecipe& stage, std::shared_ptr<Network> network,
                         const std::vector<std::shared_ptr<Network>>& members, const std::string& fingerprint) {
  if (!stage.initial_weights.empty())
    load_state(*network, state_of(*run.networks.network(stage.initial_weights)),
               fmt::format("'{}'", stage.initial_weights));
  network->to(run.device);
  TrainingResult result = {.conditions = {conditions_of(run, stage, *network, Precision::float32)}};
  if (stage.epochs > 0)
    result = train(run, stage, *network, run.data.examples_of(stage), run.data.validation(), fingerprint);
  save_weights(run, stage, members);

  StageResult entry = entry_of(run, stage, *network);
  entry.seconds = result.seconds;
  entry.examples_per_second = result.examples_per_second;
  entry.epochs = result.epochs;
  if (result.loss_parameters > 0) entry.loss_parameters = result.loss_parameters;
  if (stage.stop.any())
    entry.stopped = StoppedResult{.epochs = stage.epochs, .epoch = result.epochs, .kept_epoch = result.kept_epoch};
  entry.conditions = result.conditions;
  return {.network = std::move(network), .entry = std::move(entry)};
}

}  // namespace limbeck
