#include "experiment/experiment.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <sched.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include <algorithm>

#include "core/hash.h"
#include "core/text.h"
#include "experiment/model.h"
#include "experiment/results.h"
#include "experiment/telling_examples.h"
#include "nn/fused_linear.h"
#include "nn/products.h"
#include "train/evaluation.h"
#include "train/trainer.h"

namespace limbeck {
namespace {

torch::Device device_of(DeviceChoice choice) {
  if (choice == DeviceChoice::cuda && !torch::cuda::is_available())
    throw Error(ErrorKind::usage, "--device cuda: this machine, or this build of LibTorch, has no CUDA device");
  const bool cuda = choice == DeviceChoice::cuda || (choice == DeviceChoice::automatic && torch::cuda::is_available());
  return cuda ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
}

Precision precision_of(const StageRecipe& stage, torch::Device device) {
  const bool fast = device.is_cpu() && has_fast_bfloat16();
  if (stage.precision == PrecisionChoice::bfloat16 && !fast)
    throw Error(ErrorKind::usage, fmt::format("stage '{}': precision bfloat16 {}; use `auto` or `float32`", stage.name,
                                              !device.is_cpu() ? "is of the CPU alone"
                                              : has_products() ? "needs a processor with AVX512_BF16"
                                                               : "needs oneDNN, which this build lacks"));
  return fast && stage.precision != PrecisionChoice::float32 ? Precision::bfloat16 : Precision::float32;
}

/// Settings that change what is seen while a stage runs, but not its result.
constexpr std::array<const char*, 2> kWithoutEffect = {"evaluate_every", "checkpoint_seconds"};

/// The first setting in which two descriptions of a stage differ: "epochs was 20, is 30".
std::string first_difference(const Json& before, const Json& now) {
  const Json old_flat = before.flatten(), new_flat = now.flatten();
  const auto name_of = [](std::string pointer) {
    std::replace(pointer.begin(), pointer.end(), '/', '.');
    return pointer.substr(1);
  };
  for (const auto& [pointer, value] : new_flat.items())
    if (!old_flat.contains(pointer) || old_flat[pointer] != value)
      return fmt::format("{} was {}, is {}", name_of(pointer),
                         old_flat.contains(pointer) ? old_flat[pointer].dump() : "not set", value.dump());
  for (const auto& [pointer, value] : old_flat.items())
    if (!new_flat.contains(pointer)) return fmt::format("{} was {}, is not set", name_of(pointer), value.dump());
  return "its inputs changed";
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

/// One seed's run: its data as this seed divides them, and the networks trained so far.
struct Experiment::Seed {
  Seed(const Experiment& experiment, const RunFolder& folder, int64_t seed)
      : recipe(experiment.recipe_),
        dataset(*experiment.dataset_),
        data_fingerprint(experiment.data_fingerprint_),
        events(experiment.events_),
        device(device_of(experiment.options_.device)),
        folder(folder),
        seed(static_cast<uint64_t>(seed)),
        split(hold_out(dataset, recipe.data.validation, this->seed)),
        validation(split.validation.to(device)),
        test(ExampleSet(dataset.test, "test", dataset).to(device)) {}

  Json run();

 private:
  std::shared_ptr<const Network> network(const std::string& name);
  Json settings_of(const StageRecipe& stage);
  Json run_stage(const StageRecipe& stage);
  Json train_stage(const StageRecipe& stage, const Json& settings, const std::string& fingerprint);
  Json evaluate_stage(const StageRecipe& stage, const Network& trained);
  torch::Tensor teacher_logits(const StageRecipe& stage, const ExampleSet& examples);
  void write_examples();
  std::string conditions_of(const StageRecipe& stage, const Network& trained, Precision precision);
  EventBus metrics_writer(const StageFolder& stage_folder) const;

  const Recipe& recipe;
  const Dataset& dataset;
  const std::string& data_fingerprint;
  const EventBus& events;
  torch::Device device;
  RunFolder folder;
  uint64_t seed;
  TrainingSplit split;
  ExampleSet validation;
  ExampleSet test;
  std::map<std::string, std::shared_ptr<const Network>> networks;  ///< by stage, or by name where they have weights
  std::map<std::string, std::string> fingerprints;                 ///< of what is in `networks`
};

Json Experiment::Seed::run() {
  Json own_recipe = resolved(recipe);
  own_recipe["seed"] = seed;
  folder.write_recipe(to_yaml(own_recipe));
  Json results = results_header(recipe);
  results["seed"] = seed;
  results["data"] = {{"source", dataset.name}, {"classes", dataset.classes},
                     {"splits", {{"train", split.train.size()}, {"validation", validation.size()}, {"test", test.size()}}}};
  results["environment"] = environment(device.str());
  results["stages"] = Json::array();
  for (const StageRecipe& stage : recipe.stages) {
    results["stages"].push_back(run_stage(stage));
    results["plots"] = plot_values(recipe, results["stages"]);
    folder.write_results(results);
  }
  write_examples();
  return results;
}

/// A stage that ran before, or a network with weights of its own.
std::shared_ptr<const Network> Experiment::Seed::network(const std::string& name) {
  const auto found = networks.find(name);
  if (found != networks.end()) return found->second;
  const NetworkRecipe* given = recipe.network(name);
  if (given == nullptr || given->weights.empty()) throw Error(fmt::format("no trained network '{}'", name));
  const std::shared_ptr<GraphNetwork> loaded = make_network(given->architecture, dataset, seed);
  load_weights(*loaded, given->weights);
  loaded->to(device);
  fingerprints[name] = Hasher().add(read_file(given->weights)).fingerprint();
  return networks[name] = loaded;
}

/// Everything that a stage's result depends on.
Json Experiment::Seed::settings_of(const StageRecipe& stage) {
  Json settings = resolved(stage);
  for (const char* key : kWithoutEffect) settings.erase(key);
  settings["network"] = resolved(recipe.network(stage.network)->architecture);
  settings["seed"] = seed;
  settings["validation"] = recipe.data.validation;
  settings["data"] = data_fingerprint;
  settings["device"] = device.str();
  for (const std::string& input : stage.inputs) {
    network(input);
    settings["inputs"][input] = fingerprints.at(input);
  }
  return settings;
}

Json Experiment::Seed::run_stage(const StageRecipe& stage) {
  const StageFolder stage_folder = folder.stage(stage.name);
  const Json settings = settings_of(stage);
  const std::string fingerprint = Hasher().add(settings.dump()).fingerprint();
  const std::optional<Json> finished = stage_folder.finished();
  Json entry;
  if (finished && finished->value("fingerprint", "") == fingerprint && fs::exists(stage_folder.weights())) {
    events.emit(StageReused{stage.name});
    entry = finished->at("results");
    const std::shared_ptr<GraphNetwork> trained = make_network(recipe.network(stage.network)->architecture, dataset, seed);
    load_weights(*trained, stage_folder.weights());
    trained->to(device);
    networks[stage.name] = trained;
  } else {
    if (finished)
      events.emit(Notice{fmt::format("stage '{}' runs again: {}", stage.name,
                                     first_difference(finished->value("settings", Json::object()), settings))});
    entry = train_stage(stage, settings, fingerprint);
  }
  fingerprints[stage.name] = Hasher().add(read_file(stage_folder.weights())).fingerprint();
  return entry;
}

Json Experiment::Seed::train_stage(const StageRecipe& stage, const Json& settings, const std::string& fingerprint) {
  const StageFolder stage_folder = folder.stage(stage.name);
  const Choice& architecture = recipe.network(stage.network)->architecture;
  const std::shared_ptr<GraphNetwork> trained = make_network(architecture, dataset, seed);
  trained->to(device);
  const ExampleSet examples = choose_examples(split.train, stage.examples, dataset, seed).to(device);
  const Augmenter augmenter(stage.augment);
  const Precision precision = precision_of(stage, device);
  std::unique_ptr<Teacher> teacher;
  if (stage.teacher)
    teacher = make_teacher(stage.teacher, {.network = [this](const std::string& name) { return network(name); },
                                           .train = examples, .augmenter = augmenter,
                                           .taps = Objective(stage.loss).needs().teacher_taps,
                                           .precision = precision});
  const CheckpointFile checkpoint(stage_folder.checkpoint(), fingerprint);
  const EventBus bus = metrics_writer(stage_folder);
  Trainer trainer({.stage = stage, .seed = seed, .network = *trained, .teacher = teacher.get(), .train = examples,
                   .validation = validation, .augmenter = augmenter, .checkpoint = checkpoint, .events = bus, .precision = precision,
                   .conditions = conditions_of(stage, *trained, precision)});
  const TrainingResult trained_in = trainer.run();

  const Json evaluations = evaluate_stage(stage, *trained);
  save_model(stage_folder.weights(), *trained, describe_model(architecture, dataset));
  networks[stage.name] = trained;
  const Json entry = {
      {"name", stage.name},
      {"status", "done"},
      {"seconds", trained_in.seconds},
      {"examples_per_second", trained_in.examples_per_second},
      {"epochs", stage.epochs},
      {"conditions", trained_in.conditions},
      {"network", {{"name", stage.network}, {"description", short_description(architecture)},
                   {"parameters", trained->parameter_count()}, {"multiply_adds", trained->multiply_adds()}}},
      {"teacher", stage.inputs.empty() ? Json(nullptr) : Json(stage.inputs.front())},
      {"objective", describe_objective(stage.loss)},
      {"evaluations", evaluations},
      {"weights", "stages/" + stage.name + "/weights.safetensors"}};
  stage_folder.finish({{"fingerprint", fingerprint}, {"settings", settings}, {"results", entry}});
  const Json& test_summary = entry["evaluations"]["test"];
  events.emit(StageDone{stage.name, trained_in.seconds, trained_in.examples_per_second,
                        {"test", test_summary["examples"], test_summary["errors"], test_summary["accuracy"],
                         test_summary["nll"]}});
  return entry;
}

/// "2 threads, bfloat16"; the latter only where a product of the student or of a teacher is large enough for it.
std::string Experiment::Seed::conditions_of(const StageRecipe& stage, const Network& trained, Precision precision) {
  const auto rounds = [](const Network& network) {
    const auto& parameters = network.parameters();
    return std::any_of(parameters.begin(), parameters.end(), [](const Parameter& it) { return worth_bfloat16(it.value); });
  };
  bool rounded = rounds(trained);
  for (const std::string& input : stage.inputs) rounded |= rounds(*network(input));
  const int threads = at::get_num_threads();
  return fmt::format("{} thread{}, {}", threads, threads == 1 ? "" : "s",
                     rounded && precision == Precision::bfloat16 ? "bfloat16" : "float32");
}

/// The events of training, with metrics.jsonl written before anyone else sees them: a checkpoint never gets ahead of it.
EventBus Experiment::Seed::metrics_writer(const StageFolder& stage_folder) const {
  EventBus bus;
  bus.subscribe([stage_folder](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) stage_folder.keep_metrics(started->first_epoch);
    if (const auto* epoch = std::get_if<EpochDone>(&event)) stage_folder.append_metrics(*epoch);
  });
  bus.subscribe([this](const Event& event) { events.emit(event); });
  return bus;
}

torch::Tensor Experiment::Seed::teacher_logits(const StageRecipe& stage, const ExampleSet& examples) {
  if (!stage.teacher) return {};
  const Augmenter none;
  const auto teacher = make_teacher(stage.teacher, {.network = [this](const std::string& name) { return network(name); },
                                                    .train = examples, .augmenter = none, .taps = {}});
  return over_batches(examples, [&](const Batch& batch) { return teacher->outputs(batch).logits; });
}

Json Experiment::Seed::evaluate_stage(const StageRecipe& stage, const Network& trained) {
  Json summaries = Json::object(), detailed = Json::object();
  for (const ExampleSet* examples : {&test, &validation}) {
    if (examples->size() == 0) continue;
    const Evaluation evaluation = evaluate(predict_logits(trained, *examples), examples->labels(),
                                           teacher_logits(stage, *examples));
    summaries[examples->name()] = summary(evaluation);
    detailed[examples->name()] = details(evaluation, dataset.classes);
  }
  write_file(folder.stage(stage.name).evaluation(), detailed.dump(1) + "\n");
  return summaries;
}

/// Seen through the first network that teaches; without one, through the first that is trained.
void Experiment::Seed::write_examples() {
  std::string teaching = recipe.stages.front().name;
  for (auto stage = recipe.stages.rbegin(); stage != recipe.stages.rend(); ++stage)
    if (!stage->inputs.empty()) teaching = stage->inputs.front();
  std::vector<StageLogits> stages;
  for (const StageRecipe& stage : recipe.stages) stages.push_back({stage.name, predict_logits(*network(stage.name), test)});
  const StageLogits teacher{teaching, predict_logits(*network(teaching), test)};
  if (recipe.stage(teaching) == nullptr) stages.insert(stages.begin(), teacher);
  folder.write_examples(telling_examples(dataset, teacher, stages));
}

Experiment::Experiment(Recipe recipe, RunOptions options, const EventBus& events)
    : recipe_(std::move(recipe)), options_(std::move(options)), events_(events), folder_(options_.out) {
  for (const StageRecipe& stage : recipe_.stages) precision_of(stage, device_of(options_.device));
  for (const NetworkRecipe& network : recipe_.networks)
    if (!network.weights.empty() && !fs::exists(network.weights))
      throw Error(ErrorKind::usage, fmt::format("networks.{}.weights: there is no file '{}'", network.name, network.weights));
  if (options_.seeds.empty()) options_.seeds = {recipe_.seed};
  lock_ = std::make_unique<FolderLock>(folder_.path());
}

Experiment::~Experiment() = default;

Json Experiment::run() {
  use_threads(options_.threads);
  const DataFolders folders(options_.data);
  dataset_ = recipe_.data.source.make<Dataset, const DataFolders&>(folders);
  data_fingerprint_ = dataset_->fingerprint();
  if (options_.seeds.size() == 1) return run_seed(folder_, options_.seeds.front());

  std::vector<Json> runs;
  for (const int64_t seed : options_.seeds) {
    events_.emit(Notice{fmt::format("seed {} ({} of {})", seed, runs.size() + 1, options_.seeds.size())});
    runs.push_back(run_seed(folder_.seed(seed), seed));
  }
  Json combined = combine_seeds(runs);
  combined["plots"] = plot_values(recipe_, combined["stages"]);
  folder_.write_recipe(to_yaml(resolved(recipe_)));
  folder_.write_results(combined);
  return combined;
}

Json Experiment::run_seed(const RunFolder& folder, int64_t seed) { return Seed(*this, folder, seed).run(); }

}  // namespace limbeck
