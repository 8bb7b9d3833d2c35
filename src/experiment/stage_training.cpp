#include "experiment/stage_training.h"

#include "experiment/device.h"
#include "experiment/stage_conditions.h"
#include "experiment/stage_entry.h"
#include "experiment/stage_features.h"
#include "experiment/stage_networks.h"
#include "experiment/stage_teacher.h"
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
      StageStarted with_folder = *started;
      with_folder.folder = folder.path();
      run.events.emit(with_folder);
    } else {
      run.events.emit(event);
    }
  });
  return bus;
}

/// Allows TF32 while it lives; evaluation is in float32.
class Tf32 {
 public:
  explicit Tf32(bool on) : on_(on) {
    if (on_) use_tf32(true);
  }
  ~Tf32() {
    if (on_) use_tf32(false);
  }
  Tf32(const Tf32&) = delete;
  Tf32& operator=(const Tf32&) = delete;

 private:
  bool on_;
};

}  // namespace

TrainingResult train(RunContext& run, const StageRecipe& recipe, Network& network, const ExampleSet& examples,
                     const ExampleSet& validation, const std::string& fingerprint) {
  StageRecipe stage = recipe;
  stage.loss = losses_with_features(run, recipe, examples);
  const StageFolder folder = run.folder_of(stage);
  const uint64_t seed = run.seed_of(stage);
  const Augmenter augmenter(stage.augment);
  const Precision precision = precision_of(stage, run.device);
  complete_store(run, stage, examples, augmenter);
  const std::unique_ptr<Teacher> teacher = make_training_teacher(run, stage, examples, augmenter);
  if (teacher != nullptr) tell_of_views(run, stage, view_accuracy(*teacher, examples, augmenter, seed));
  const CheckpointFile checkpoint(folder.checkpoint(), fingerprint);
  const EventBus bus = metrics_writer(run, folder);
  const Tf32 tf32(stage.precision == PrecisionChoice::tf32);
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
                  .conditions = conditions_of(run, stage, network, precision),
                  .stop = run.stop,
                  .ranks = run.ranks})
      .run();
}

StageOutcome train_stage(RunContext& run, const StageRecipe& stage, std::shared_ptr<Network> network,
                         const std::vector<std::shared_ptr<Network>>& members, const std::string& fingerprint) {
  if (!stage.initial_weights.empty())
    load_state(*network, state_of(*run.networks.network(stage.initial_weights)),
               fmt::format("'{}'", stage.initial_weights));
  network->to(run.device);
  if (!stage.classifier.empty()) copy_classifier(run, stage, *network);
  TrainingResult result = {.conditions = {conditions_of(run, stage, *network, Precision::float32)}};
  if (stage.epochs > 0)
    result = train(run, stage, *network, run.data.examples_of(stage), run.data.validation(), fingerprint);
  save_weights(run, stage, members);

  StageResult entry = entry_of(run, stage, *network);
  if (!result.objective.empty()) entry.objective = result.objective;
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
