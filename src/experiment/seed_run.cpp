#include "experiment/seed_run.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/hash.h"
#include "core/json.h"
#include "core/random.h"
#include "core/text.h"
#include "deploy/onnx.h"
#include "experiment/deployment.h"
#include "experiment/memory.h"
#include "experiment/model.h"
#include "experiment/plots.h"
#include "experiment/replicas.h"
#include "experiment/result_details.h"
#include "experiment/results.h"
#include "experiment/run_networks.h"
#include "experiment/specialists.h"
#include "experiment/spoken_frames.h"
#include "experiment/stage_numbers.h"
#include "experiment/telling_examples.h"
#include "kernels/fused_linear.h"
#include "kernels/products.h"
#include "nn/ensembles/committee.h"
#include "nn/ensembles/specialist_ensemble.h"
#include "nn/fold.h"
#include "nn/quantization.h"
#include "programs/torchscript_network.h"
#include "teacher/computed_outputs.h"
#include "train/calibration.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

/// Settings that change what is seen while a stage runs, but not its result.
constexpr std::array<const char*, 2> kWithoutEffect = {"evaluate_every", "checkpoint_seconds"};

/// Raised on purpose where the same settings give other numbers than before, so that finished stages run again:
///   1  until version 0.1: random numbers depend on the seed alone
///   2  they depend on the stage's stream too (StageRecipe::stream); files are known by their content
constexpr int64_t kNumericsRevision = 2;

/// The first setting in which two descriptions of a stage differ: "epochs was 20, is 30".
std::string first_difference(const Json& before, const Json& now) {
  if (const int64_t revision = before.value("revision", 1); revision != kNumericsRevision)
    return fmt::format("it is of revision {} of the numerics, this program computes revision {}{}", revision,
                       kNumericsRevision,
                       revision == 1 ? ", in which each stage draws random numbers of its own (`stream`)" : "");
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

/// Options in which the names of files are replaced by the fingerprints of what they hold.
Json with_contents(const Json& options, const std::vector<std::string>& files) {
  if (options.is_string() && std::find(files.begin(), files.end(), options.get<std::string>()) != files.end())
    return fingerprint_of_file(options.get<std::string>());
  Json contents = options;
  if (options.is_structured())
    for (auto& [key, value] : contents.items()) value = with_contents(value, files);
  return contents;
}

/// Whether what is trained goes on from the weights that its network was given, instead of random ones or those of an
/// earlier stage.
bool begins_with_weights(const StageRecipe& stage, const NetworkRecipe& network) {
  return !network.weights.empty() && stage.initial_weights.empty() && stage.quantize.of.empty() &&
         stage.calibration.of.empty() && stage.specialists.of.empty();
}

/// Whether a gradient comes from the logits to anything in a training pass, which may change the network's buffers.
bool can_be_trained(const Network& network, Shape shape) {
  constexpr int64_t kExamples = 2;
  shape.insert(shape.begin(), kExamples);
  const at::AutoGradMode with_gradient(true);
  const Noise noise{.seed = 0, .epoch = 0, .ids = at::arange(kExamples)};
  return network.forward(at::zeros(shape), {.noise = &noise}).logits.requires_grad();
}

bool is_calibration(const StageRecipe& stage) {
  return !stage.calibration.of.empty();
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

SeedRun::SeedRun(const SeedRunSetup& setup)
    : setup_(setup),
      split_(hold_out(setup.dataset, setup.recipe.data.validation, setup.seed)),
      validation_(split_.validation.to(setup.device)),
      test_(ExampleSet(setup.dataset.test, "test", setup.dataset).to(setup.device)),
      labels_{.train = setup.dataset.train.labels, .test = setup.dataset.test.labels} {
  for (const NetworkRecipe& given : setup_.recipe.networks) {
    inputs_[given.name] = input_of(given, setup_.recipe.data.normalize, setup_.dataset);
    check_classes(given, setup_.dataset);
    if (given.has_weights()) network(given.name);
  }
  for (const StageRecipe& stage : setup_.recipe.stages) check(stage);
}

void SeedRun::check(const StageRecipe& stage) {
  try {
    check_network(stage);
    const auto count = static_cast<int64_t>(setup_.dataset.classes.size());
    if (trains_specialists(stage) && (stage.specialists.groups > count || stage.specialists.size >= count))
      throw Error(ErrorKind::usage, fmt::format("{} groups of {} classes cannot be made of {} classes",
                                                stage.specialists.groups, stage.specialists.size, count));
    const bool speech = setup_.dataset.speech != nullptr;
    if (stage.align > 0 && !speech)
      throw Error(ErrorKind::usage, fmt::format("'align' is of recordings; '{}' has none", setup_.dataset.name));
    if (speech && !std::all_of(stage.augment.begin(), stage.augment.end(),
                               [](const Choice& choice) { return choice.name() == "mixup"; }))
      throw Error(ErrorKind::usage, "augmentations but 'mixup' are of pictures; recordings have none");
    const ExampleSet examples = examples_of(stage);
    const auto classes = static_cast<int64_t>(setup_.dataset.classes.size());
    for (const int64_t label : stage.calibration.classes)
      if (label >= classes)
        throw Error(ErrorKind::usage,
                    fmt::format("class {} does not exist; there are the classes 0 to {}", label, classes - 1));
    if (static_cast<int64_t>(stage.calibration.classes.size()) == classes)
      throw Error(ErrorKind::usage, "a number added to the biases of all classes changes nothing");
    if (is_calibration(stage) || !stage.teacher) return;
    const Augmenter augmenter(stage.augment);
    if (!speech)  // whose alignment changes the labels of the examples
      check_store(stage.teacher, {.network = nullptr,
                                  .examples = examples,
                                  .augmenter = augmenter,
                                  .classes = classes,
                                  .seed = setup_.seed,
                                  .precision = precision_of(stage, setup_.device),
                                  .view_seed = seed_of(stage)});
    if (has_given_store(stage)) training_teacher(stage, examples, augmenter);
    if (!stage.teachers.empty()) return;
    make_teacher(stage.teacher, {.network = nullptr, .examples = examples, .augmenter = augmenter, .classes = classes});
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("stage '{}': {}", stage.name, error.what()));
  }
}

bool SeedRun::has_given_store(const StageRecipe& stage) const {
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  const auto is_given = [&](const std::string& name) { return stage_with(name) == nullptr; };
  if (options == nullptr || options->store.empty() ||
      !std::all_of(stage.teachers.begin(), stage.teachers.end(), is_given))
    return false;
  const fs::path file = options->store_file(setup_.seed);
  if (!fs::exists(file)) return false;
  const StoreInfo info = read_store_info(file);
  return info.filled == info.examples * info.layout.slots;
}

void SeedRun::check_network(const StageRecipe& stage) const {
  const NetworkRecipe& network = *setup_.recipe.network(stage.network);
  if (is_graph(network.architecture)) return;
  if (!stage.quantize.of.empty())
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "the network '{}' is a TorchScript file; only networks that this program knows by name can be rounded "
            "to bytes",
            network.name));
  if (!stage.specialists.of.empty())
    throw Error(
        ErrorKind::usage,
        fmt::format("the network '{}' is a TorchScript file; specialists need one that this program knows by name",
                    network.name));
  if (is_calibration(stage))
    throw Error(
        ErrorKind::usage,
        fmt::format("the network '{}' is a TorchScript file; only the biases of networks that this program knows by "
                    "name can be calibrated",
                    network.name));
  if (networks_.at(network.name)->parameters().empty())
    throw Error(
        ErrorKind::usage,
        fmt::format("the network '{}' has no parameters to train: its file was frozen (torch.jit.freeze), or none of "
                    "them requires a gradient",
                    network.name));
  if (!can_be_trained(*make(network, setup_.seed), setup_.dataset.input_shape()))
    throw Error(ErrorKind::usage, fmt::format("the network '{}' cannot be trained: its logits do not depend on its "
                                              "parameters in a way that LibTorch can follow; "
                                              "its program may compute under torch.no_grad() or detach them",
                                              network.name));
}

void set_aside_results(const RunFolder& folder, const std::string& made_of, const EventBus& events) {
  if (const std::optional<fs::path> kept = folder.set_aside_results(made_of))
    events.emit(
        Notice{fmt::format("'{}' holds results of another recipe, other data or other seeds; they are kept in '{}'",
                           folder.path().string(), kept->string()),
               Notice::Weight::grave});
}

std::string SeedRun::made_of() const {
  Json recipe = resolved(setup_.recipe);
  for (const char* key : {"seed", "paper", "plots"}) recipe.erase(key);
  for (const char* key : {"source", "extra"}) recipe["data"].erase(key);  // known by their fingerprints
  for (const NetworkRecipe& network : setup_.recipe.networks) {
    recipe["networks"][network.name].erase("weights");
    for (auto& [key, value] : recipe["networks"][network.name].items())
      value = with_contents(value, files_of(network.architecture));
  }
  for (size_t i = 0; i < setup_.recipe.stages.size(); ++i) {
    const StageRecipe& stage = setup_.recipe.stages[i];
    for (const char* key : kWithoutEffect) recipe["stages"][i].erase(key);
    if (!stage.teacher || is_calibration(stage)) continue;
    Json& teacher = recipe["stages"][i]["teacher"];
    teacher = with_contents(teacher, files_of(stage.teacher));
    teacher[stage.teacher.name()].erase("store");
  }
  Json made = {{"recipe", recipe},
               {"seed", setup_.seed},
               {"data", {setup_.data.source, setup_.data.extra}},
               {"device", setup_.device.str()}};
  for (const NetworkRecipe& given : setup_.recipe.networks)
    if (given.has_weights()) made["given"][given.name] = fingerprints_.at(given.name);
  return Hasher().add(made.dump()).fingerprint();
}

Json SeedRun::run() {
  const Recipe& recipe = setup_.recipe;
  set_aside_results(setup_.folder, made_of(), setup_.events);
  Json own_recipe = resolved(recipe);
  own_recipe["seed"] = setup_.seed;
  setup_.folder.write_recipe(to_yaml(own_recipe));
  Json results = results_header(recipe);
  results["command"] = setup_.command;
  results["made_of"] = made_of();
  results["seed"] = setup_.seed;
  results["data"] = {
      {"source", setup_.dataset.name},
      {"classes", setup_.dataset.classes},
      {"splits", {{"train", split_.train.size()}, {"validation", validation_.size()}, {"test", test_.size()}}}};
  results["data"]["fingerprint"] = setup_.data.source;
  if (!setup_.data.extra.empty()) results["data"]["extra_fingerprint"] = setup_.data.extra;
  results["environment"] = environment(setup_.device.str());
  results["given"] = given_networks();
  results["stages"] = Json::array();
  tell_memory();
  for (const StageRecipe& stage : recipe.stages) {
    Json entry = run_stage(stage);
    entry["intervals"] = intervals_of(entry["evaluations"]);
    if (Json curves = curves_of(setup_.folder.stage(stage.name)); !curves.empty()) entry["curves"] = std::move(curves);
    results["stages"].push_back(std::move(entry));
    results["plots"] = plot_values(recipe, results["stages"], {setup_.folder});
    setup_.folder.write_results(results);
  }
  write_examples();
  if (setup_.deployment) {
    results["deployment"] = deployment(results["stages"]);
    setup_.folder.write_results(results);
  }
  return results;
}

void SeedRun::tell_few_steps() const {
  constexpr int64_t kFew = 100, kUsual = 1000;
  for (const StageRecipe& stage : setup_.recipe.stages) {
    const bool begins_anew =
        stage.inputs == stage.teachers && !begins_with_weights(stage, *setup_.recipe.network(stage.network));
    if (is_calibration(stage) || !begins_anew || setup_.folder.stage(stage.name).finished()) continue;
    const int64_t examples = examples_of(stage).size(), steps = (examples + stage.batch_size - 1) / stage.batch_size;
    if (stage.epochs * steps >= kFew) continue;
    setup_.events.emit(Notice{fmt::format(
        "stage '{0}': {1} epoch{2} of {3} step{4} ({5} examples, batches of {6}): too few to learn much; try "
        "--set stages.{0}.epochs={7}, or smaller batches: --set stages.{0}.batch_size={8}",
        stage.name, stage.epochs, stage.epochs == 1 ? "" : "s", steps, steps == 1 ? "" : "s", examples,
        stage.batch_size, (kUsual + steps - 1) / steps, std::clamp<int64_t>(stage.batch_size / 8, 1, 16))});
  }
}

void SeedRun::tell_memory() {
  MemoryNeed most;
  std::string neediest;
  std::map<std::string, std::shared_ptr<Network>> made;  // by name; weights do not matter
  const auto of_name = [&](const std::string& name) {
    std::shared_ptr<Network>& network = made[name];
    if (network == nullptr) network = make(*setup_.recipe.network(name), setup_.seed);
    return network;
  };
  for (const StageRecipe& stage : setup_.recipe.stages) {
    if (is_calibration(stage)) continue;
    std::vector<std::shared_ptr<Network>> teachers;
    double kept = 0;
    if (stage.teacher)
      kept = kept_bytes(stage.teacher, Augmenter(stage.augment), static_cast<int64_t>(setup_.dataset.classes.size()),
                        split_.train.size());
    for (const std::string& name : stage.teachers) {
      const StageRecipe* source = stage_with(name);
      const NetworkRecipe* network = setup_.recipe.network(source != nullptr ? source->network : name);
      const bool whole = source != nullptr && source->name == name;  // "ensemble", not "ensemble.1" of it
      const int64_t count = !whole                        ? 1
                            : trains_specialists(*source) ? source->specialists.groups + 1
                                                          : source->replicas.count;
      if (network != nullptr) teachers.insert(teachers.end(), static_cast<size_t>(count), of_name(network->name));
    }
    const MemoryNeed need = memory_need(setup_.dataset, stage, *of_name(stage.network), teachers, kept);
    if (need.total() <= most.total()) continue;
    most = need;
    neediest = stage.name;
  }
  if (neediest.empty()) return;
  setup_.events.emit(Notice{fmt::format("memory: stage '{}' will need about {}", neediest, most.text())});
  if (const double there = available_memory(); there > 0 && most.total() > there)
    setup_.events.emit(Notice{fmt::format("this machine has {:.1f} GB available: the run may be killed", there / 1e9)});
}

Json SeedRun::given_networks() const {
  Json networks = Json::array();
  for (const NetworkRecipe& given : setup_.recipe.networks) {
    if (!given.has_weights()) continue;
    ModelDescription description = describe_model(given.architecture, setup_.dataset, inputs_.at(given.name));
    Json files = Json::array();
    for (const fs::path& file : weight_files(given)) files.push_back(fs::absolute(file).string());
    if (!is_graph(given.architecture)) description.network = torchscript_in(files.back().get<std::string>());
    const Network& network = *networks_.at(given.name);
    networks.push_back({{"name", given.name},
                        {"files", files},
                        {"description", metadata_of(description)},
                        {"parameters", network.parameter_count()},
                        {"multiply_adds", network.multiply_adds() ? Json(*network.multiply_adds()) : Json(nullptr)}});
  }
  return networks;
}

Json SeedRun::deployment(const Json& stages) {
  std::vector<Deployed> networks;
  const auto add = [&](const std::string& name, const NetworkRecipe& recipe, const Json& accuracy,
                       const Json& agreement, const std::vector<fs::path>& files) {
    Model model{.description = describe_model(recipe.architecture, setup_.dataset, inputs_.at(recipe.name)),
                .network = network(name)};
    networks.push_back({.row = {.name = name,
                                .accuracy = number_in(accuracy),
                                .agreement = number_in(agreement),
                                .parameters = model.network->parameter_count(),
                                .multiply_adds = model.network->multiply_adds(),
                                .bytes = bytes_of(files),
                                .memory = {},
                                .memory_before = {},
                                .cost = {},
                                .onnxruntime = {}},
                        .model = model,
                        .files = files});
  };
  for (const NetworkRecipe& given : setup_.recipe.networks)
    if (given.has_weights() && !is_only_trained(given.name, setup_.recipe))
      add(given.name, given, accuracy_of(given, stages), nullptr, weight_files(given));
  for (const Json& stage : stages) {
    if (!stage.contains("weights")) continue;
    const Json& on_test = stage["evaluations"]["test"];
    const std::string& network = setup_.recipe.stage(stage["name"].get<std::string>())->network;
    add(stage["name"], *setup_.recipe.network(network), on_test["accuracy"], on_test["agreement"],
        {setup_.folder.path() / stage["weights"].get<std::string>()});
    networks.back().model.description.quantized = stage.contains("quantized");
  }
  std::vector<std::string> notes;
  measure_deployment(networks, {}, notes);
  for (const std::string& note : notes) setup_.events.emit(Notice{note});
  Json written = Json::array();
  for (const Deployed& network : networks) written.push_back(to_json(network.row));
  return written;
}

/// A stage that ran before, one of its replicas, or a network with weights of its own.
std::shared_ptr<Network> SeedRun::network(const std::string& name) {
  const auto found = networks_.find(name);
  if (found != networks_.end()) return found->second;
  const NetworkRecipe* given = setup_.recipe.network(name);
  if (given == nullptr || !given->has_weights()) throw Error(fmt::format("no trained network '{}'", name));
  const std::shared_ptr<Network> loaded = make(*given, setup_.seed);
  if (!given->weights.empty()) load_weights(*loaded, given->weights);
  loaded->to(setup_.device);
  Hasher hasher;
  if (!given->weights.empty()) hasher.add(read_file(given->weights)).add(resolved(given->architecture).dump());
  for (const std::string& file : files_of(given->architecture)) hasher.add(read_file(file));
  if (const auto* script = dynamic_cast<const TorchScriptNetwork*>(loaded.get());
      script != nullptr && script->gives_probabilities()) {
    setup_.events.emit(Notice{
        fmt::format("'{}' gives probabilities; their logarithms are taken as its logits", script->file().string())});
    hasher.add("log");
  }
  if (const InputOptions& input = inputs_.at(name); !input.empty()) hasher.add(to_json(input).dump());
  fingerprints_[name] = hasher.fingerprint();
  return networks_[name] = loaded;
}

std::shared_ptr<Network> SeedRun::make(const NetworkRecipe& network, uint64_t seed) const {
  return make_network(network.architecture, setup_.dataset, seed, inputs_.at(network.name));
}

/// Everything that a stage's result depends on.
Json SeedRun::settings_of(const StageRecipe& stage) {
  Json settings = resolved(stage);
  const bool watched = stage.stop.accuracy > 0 || stage.stop.patience > 0;  // then evaluation decides when to stop
  for (const char* key : kWithoutEffect)
    if (!watched || key != std::string("evaluate_every")) settings.erase(key);
  const Choice& architecture = setup_.recipe.network(stage.network)->architecture;
  settings["revision"] = kNumericsRevision;
  settings["network"] = with_contents(resolved(architecture), files_of(architecture));
  if (stage.teacher && !is_calibration(stage)) {
    settings["teacher"] = with_contents(settings["teacher"], files_of(stage.teacher));
    settings["teacher"][stage.teacher.name()].erase("store");  // where outputs are kept changes none of them
  }
  if (const InputOptions& input = inputs_.at(stage.network); !input.empty()) settings["input"] = to_json(input);
  settings["seed"] = setup_.seed;
  if (stage.replica > 0) settings["replica"] = stage.replica;
  settings["validation"] = setup_.recipe.data.validation;
  settings["data"] = setup_.data.source;
  if (settings.contains("examples")) settings["examples"].erase("extra");
  if (stage.examples.extra && !setup_.data.extra.empty()) settings["extra"] = setup_.data.extra;
  settings["device"] = setup_.device.str();
  std::vector<std::string> inputs = stage.inputs;
  if (trains_apart(stage))
    for (const std::string& member : weight_folders(stage)) inputs.push_back(member);
  for (const std::string& input : inputs) {
    network(input);
    settings["inputs"][input] = fingerprints_.at(input);
  }
  if (const NetworkRecipe& network = *setup_.recipe.network(stage.network); begins_with_weights(stage, network))
    settings["weights"] = fingerprint_of_file(network.weights);
  if (labels_.aligned) settings["inputs"]["aligned labels"] = fingerprint_of(labels_);
  return settings;
}

/// Copies the stage from a run folder that has finished it with the same fingerprint, and whose files are as the stage
/// left them.
void SeedRun::take_over(const StageRecipe& stage, const std::string& fingerprint) const {
  for (const fs::path& run : setup_.reuse) {
    for (const RunFolder& from : {RunFolder(run), RunFolder(run).seed(static_cast<int64_t>(setup_.seed))}) {
      const std::optional<Json> record = from.stage(stage.name).record();
      if (!record || record->value("fingerprint", "") != fingerprint) continue;
      if (const std::string difference = from.stage(stage.name).difference_from(*record); !difference.empty()) {
        setup_.events.emit(Notice{
            fmt::format("stage '{}' of '{}' is not taken over: {}", stage.name, from.path().string(), difference)});
        continue;
      }
      if (stage.replicas.count > 1 || trains_specialists(stage))
        for (const std::string& member : weight_folders(stage))
          setup_.folder.stage(member).copy_from(from.stage(member));
      setup_.folder.stage(stage.name).copy_from(from.stage(stage.name));
      return;
    }
  }
}

void SeedRun::set_aside(const StageRecipe& stage, const Json& settings) const {
  const StageFolder folder = setup_.folder.stage(stage.name);
  const std::optional<Json> before = folder.record();
  if (!before) return;
  const bool same = before->value("fingerprint", "") == Hasher().add(settings.dump()).fingerprint();
  const std::string reason =
      same ? folder.difference_from(*before) : first_difference(before->value("settings", Json::object()), settings);
  const fs::path kept = setup_.folder.set_aside_stage(stage.name);
  if (stage.replicas.together)
    for (const StageFolder& member : members_of(stage)) setup_.folder.set_aside_stage(member.path().filename());
  setup_.events.emit(
      Notice{fmt::format("stage '{}' runs again: {}; what it left is kept in '{}'", stage.name, reason, kept.string()),
             Notice::Weight::grave});
}

std::vector<StageFolder> SeedRun::members_of(const StageRecipe& stage) const {
  std::vector<StageFolder> members;
  for (const std::string& name : weight_folders(stage))
    if (name != stage.name) members.push_back(setup_.folder.stage(name));
  return members;
}

void SeedRun::begin_anew(const StageRecipe& stage, const Json& settings) {
  set_aside(stage, settings);
  const StageFolder whole = setup_.folder.stage(stage_with(stage.name)->name);  // of which this may be a member
  if (whole.record()) setup_.folder.set_aside_stage(whole.path().filename());
  if (stage.replicas.together)
    for (const StageFolder& member : members_of(stage)) member.begin();
}

Json SeedRun::run_stage(const StageRecipe& stage) {
  for (int64_t round = 1; round < stage.align; ++round) run_stage_alone(round_of(stage, round));
  return run_stage_alone(stage);
}

Json SeedRun::run_stage_alone(const StageRecipe& stage) {
  std::vector<Json> members(static_cast<size_t>(trains_apart(stage) ? stage.replicas.count : 0));
  if (!members.empty())
    share_out(stage, [&](int64_t k) { members[static_cast<size_t>(k) - 1] = run_stage(replica_of(stage, k)); });

  const StageFolder stage_folder = setup_.folder.stage(stage.name);
  const Json settings = settings_of(stage);
  const std::string fingerprint = Hasher().add(settings.dump()).fingerprint();
  const std::vector<std::string> folders = weight_folders(stage);
  const auto finished_here = [&]() -> std::optional<Json> {
    std::optional<Json> finished = stage_folder.finished();
    return finished && finished->value("fingerprint", "") == fingerprint ? finished : std::nullopt;
  };
  std::optional<Json> finished = finished_here();
  if (!finished && !only_finished_) set_aside(stage, settings);
  if (!finished && !setup_.reuse.empty()) {
    take_over(stage, fingerprint);
    finished = finished_here();
  }

  Json entry;
  if (finished && trains_specialists(stage)) {
    setup_.events.emit(StageReused{stage.name, stage_folder.path()});
    entry = finished->at("results");
    networks_[stage.name] = load_specialists(stage, finished->at("groups").get<std::vector<std::vector<int64_t>>>());
  } else if (finished) {
    setup_.events.emit(StageReused{stage.name, stage_folder.path()});
    entry = finished->at("results");
    const std::shared_ptr<Network> trained = make_stage_network(stage);
    const auto own = networks_in(trained);
    for (size_t i = 0; i < own.size(); ++i) load_weights(*own[i], setup_.folder.stage(folders[i]).weights());
    trained->to(setup_.device);
    networks_[stage.name] = trained;
  } else {
    if (only_finished_)
      throw Error(ErrorKind::usage,
                  fmt::format("stage '{}' is not finished in '{}' as the recipe has it; run the recipe first",
                              stage.name, setup_.folder.path().string()));
    begin_anew(stage, settings);
    if (is_calibration(stage))
      entry = calibrate_stage(stage);
    else if (trains_specialists(stage))
      entry = train_specialists(stage);
    else if (!members.empty())
      entry = gather_replicas(stage, members);
    else
      entry = train_stage(stage, fingerprint);
    Json description = {{"fingerprint", fingerprint}, {"settings", settings}, {"results", entry}};
    if (const auto* ensemble = dynamic_cast<const SpecialistEnsemble*>(networks_.at(stage.name).get()))
      for (const Specialist& specialist : ensemble->specialists()) description["groups"].push_back(specialist.classes);
    stage_folder.finish(description, members_of(stage));
  }
  if (stage.align > 0) show_labels(load_labels(stage_folder.labels(), setup_.dataset));
  Hasher hasher;
  const auto own = networks_in(networks_.at(stage.name));
  for (size_t i = 0; i < folders.size(); ++i) {
    const std::string of_weights = fingerprint_of_file(setup_.folder.stage(folders[i]).weights());
    networks_[folders[i]] = folders.size() == 1 ? networks_.at(stage.name) : own[i];
    fingerprints_[folders[i]] = of_weights;
    hasher.add(of_weights);
  }
  if (trains_specialists(stage))
    hasher.add(fingerprints_.at(stage.specialists.of)).add(resolved(stage)["specialists"].dump());
  else if (folders.size() > 1)
    hasher.add(resolved(stage)["replicas"]["mean"].dump());
  if (trains_specialists(stage) || folders.size() > 1) fingerprints_[stage.name] = hasher.fingerprint();
  return entry;
}

const StageRecipe* SeedRun::stage_with(const std::string& name) const {
  const StageRecipe* stage = setup_.recipe.stage(name);
  return stage != nullptr ? stage : setup_.recipe.stage(name.substr(0, name.rfind('.')));
}

void SeedRun::run_with_inputs(const std::string& name) {
  if (networks_.contains(name)) return;
  const StageRecipe* stage = stage_with(name);
  if (stage == nullptr) return;
  for (const std::string& input : stage->inputs) run_with_inputs(input);
  run_stage(*stage);
}

void SeedRun::visit_stores(const std::string& wanted, StoreAccess access,
                           const std::function<void(const StageRecipe&, StoredViews&)>& use) {
  bool found = false;
  only_finished_ = access == StoreAccess::existing;
  for (const StageRecipe& stage : setup_.recipe.stages) {
    if (stage.align > 0) run_with_inputs(stage.name);  // what follows learns its labels
    if (is_calibration(stage) || !stage.teacher || (!wanted.empty() && stage.name != wanted)) continue;
    const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
    if (options == nullptr || options->store.empty()) continue;
    if (const fs::path file = options->store_file(setup_.seed); access == StoreAccess::existing && !fs::exists(file))
      throw Error(fmt::format("stage '{}': there is no store '{}'; `limbeck store build` or the run itself makes it",
                              stage.name, file.string()));
    found = true;
    for (const std::string& input : stage.inputs) run_with_inputs(input);
    const ExampleSet examples = examples_of(stage);
    const Augmenter augmenter(stage.augment);
    const std::unique_ptr<Teacher> teacher = training_teacher(stage, examples, augmenter);
    use(stage, dynamic_cast<StoredViews&>(*teacher));
  }
  if (!found)
    throw Error(ErrorKind::usage, wanted.empty()
                                      ? "no stage of the recipe has a teacher with a store: write `store: FILE` there"
                                      : fmt::format("there is no stage '{}' whose teacher has a store", wanted));
}

std::shared_ptr<Network> SeedRun::make_quantized(const StageRecipe& stage) {
  const auto source = std::dynamic_pointer_cast<GraphNetwork>(network(stage.quantize.of));
  if (source == nullptr)
    throw Error(fmt::format("'{}' is no graph of operations that are known by name", stage.quantize.of));
  const ExampleSet examples = examples_of(stage);
  const at::Tensor order = examples.order(seed_of(stage), 0);
  return quantized(*source,
                   examples.batch(order.slice(0, 0, std::min(stage.quantize.examples, examples.size()))).inputs);
}

std::shared_ptr<Network> SeedRun::make_stage_network(const StageRecipe& stage) const {
  const NetworkRecipe& network = *setup_.recipe.network(stage.network);
  const auto make_replica = [&](int64_t replica) {
    const std::shared_ptr<Network> made =
        make(network, replica == 0 ? seed_of(stage) : seed_of(replica_of(stage, replica)));
    if (begins_with_weights(stage, network)) load_weights(*made, network.weights);
    return made;
  };
  if (!stage.quantize.of.empty())
    return std::make_shared<GraphNetwork>(quantized(dynamic_cast<const GraphNetwork&>(*make_replica(0)).graph()),
                                          seed_of(stage));
  if (stage.replicas.count == 1) return make_replica(0);
  std::vector<std::shared_ptr<Network>> members;
  for (int64_t k = 1; k <= stage.replicas.count; ++k) members.push_back(make_replica(k));
  return std::make_shared<Committee>(std::move(members), stage.replicas.mean);
}

ExampleSet SeedRun::examples_of(const StageRecipe& stage) const {
  return choose_examples(split_.train, stage.examples, setup_.dataset, setup_.seed).to(setup_.device);
}

std::unique_ptr<Teacher> SeedRun::teacher_of(const StageRecipe& stage, TeacherContext context) {
  if (!stage.teacher) return nullptr;
  context.network = [this](const std::string& name) { return network(name); };
  context.classes = static_cast<int64_t>(setup_.dataset.classes.size());
  context.seed = setup_.seed;
  return make_teacher(stage.teacher, context);
}

Json SeedRun::train_stage(const StageRecipe& stage, const std::string& fingerprint) {
  const std::shared_ptr<Network> trained =
      stage.quantize.of.empty() ? make_stage_network(stage) : make_quantized(stage);
  if (!stage.initial_weights.empty())
    load_state(*trained, state_of(*network(stage.initial_weights)), fmt::format("'{}'", stage.initial_weights));
  trained->to(setup_.device);
  TrainingResult result = {.conditions = {conditions_of(stage, *trained, Precision::float32)}};
  if (stage.epochs > 0) result = train(stage, *trained, examples_of(stage), fingerprint);
  save_weights(stage, *trained);
  networks_[stage.name] = trained;

  Json entry = entry_of(stage, *trained);
  if (stage.align > 0) entry["alignment"] = align_frames(stage, *trained);
  if (!stage.quantize.of.empty()) entry["quantized"] = quantization_numbers(stage, *trained);
  entry["seconds"] = result.seconds;
  entry["examples_per_second"] = result.examples_per_second;
  entry["epochs"] = result.epochs;
  if (stage.stop.any())
    entry["stopped"] = {{"epochs", stage.epochs}, {"epoch", result.epochs}, {"kept_epoch", result.kept_epoch}};
  entry["conditions"] = result.conditions;
  entry["note"] = stage_note(entry);
  const Json& on_test = entry["evaluations"]["test"];
  setup_.events.emit(StageDone{stage.name,
                               result.seconds,
                               result.examples_per_second,
                               {"test", on_test["examples"], on_test["errors"], on_test["accuracy"], on_test["nll"]}});
  return entry;
}

Json SeedRun::quantization_numbers(const StageRecipe& stage, const Network& rounded) {
  const Shape input = setup_.dataset.input_shape();
  const Network& whole = *network(stage.quantize.of);
  const Hits before = count_hits(logits_on_test(stage.quantize.of), test_.labels()),
             after = count_hits(test_logits_.at(stage.name), test_.labels());
  Json numbers = {{"of", stage.quantize.of},
                  {"examples", stage.quantize.examples},
                  {"test_examples", before.labelled},
                  {"errors_before", before.labelled - before.correct},
                  {"errors_after", after.labelled - after.correct}};
  if (writes_onnx()) {
    numbers["onnx_bytes_before"] = to_onnx(whole, input).size();
    numbers["onnx_bytes"] = to_onnx(rounded, input).size();
  }
  return numbers;
}

uint64_t SeedRun::stream_seed(const StageRecipe& stage) const {
  return stage.stream == kSharedStream ? setup_.seed : stage_seed(setup_.seed, stage.stream);
}

uint64_t SeedRun::seed_of(const StageRecipe& stage) const {
  const uint64_t seed = stream_seed(stage);
  const int64_t k = stage.replica + stage.specialist;  // a stage is one of them or none
  return k == 0 ? seed : replica_seed(seed, static_cast<uint32_t>(k));
}

std::unique_ptr<Teacher> SeedRun::training_teacher(const StageRecipe& stage, const ExampleSet& examples,
                                                   const Augmenter& augmenter) {
  return teacher_of(stage, {.network = nullptr,
                            .examples = examples,
                            .augmenter = augmenter,
                            .taps = Objective(stage.loss).needs().teacher_taps,
                            .precision = precision_of(stage, setup_.device),
                            .recorder = setup_.recorder,
                            .view_seed = seed_of(stage)});
}

void SeedRun::show_labels(FrameLabels labels) {
  labels_ = std::move(labels);
  const auto shown = [](const ExampleSet& examples, const at::Tensor& labels) {
    return examples.with_labels(labels.to(examples.ids().device()).index_select(0, examples.ids()));
  };
  split_.train = shown(split_.train, labels_.train);
  validation_ = shown(validation_, labels_.train);
  test_ = shown(test_, labels_.test);
}

Json SeedRun::align_frames(const StageRecipe& stage, const Network& trained) {
  const FrameLabels labels = aligned(setup_.dataset, labels_, trained, setup_.device);
  save_labels(setup_.folder.stage(stage.name).labels(), labels, setup_.dataset);
  const Json changed = changed_labels(labels_, labels);
  setup_.events.emit(Notice{fmt::format(
      "{}: aligned again, {:.1f} % of the training frames and {:.1f} % of the test frames have another state",
      stage.name, 100 * changed["train"].get<double>(), 100 * changed["test"].get<double>())});
  return {{"rounds", stage.align}, {"changed", changed}};
}

void SeedRun::tell_of_views(const StageRecipe& stage, const ViewAccuracy& teacher) const {
  if (!teacher.fears_views()) return;
  const auto percent = [&](int64_t right) {
    return 100 * static_cast<double>(right) / static_cast<double>(teacher.examples);
  };
  setup_.events.emit(
      Notice{fmt::format("{}: the teacher is right on {:.1f} % of {} training examples as they are, and on {:.1f} % of "
                         "them as this stage shows "
                         "them. It has not learned such views: train it with them, or change `augment`",
                         stage.name, percent(teacher.right), teacher.examples, percent(teacher.right_in_views))});
}

TrainingResult SeedRun::train(const StageRecipe& stage, Network& trained, const ExampleSet& examples,
                              const std::string& fingerprint) {
  const StageFolder stage_folder = setup_.folder.stage(stage.name);
  const Augmenter augmenter(stage.augment);
  const Precision precision = precision_of(stage, setup_.device);
  const std::unique_ptr<Teacher> teacher = training_teacher(stage, examples, augmenter);
  if (teacher != nullptr) tell_of_views(stage, view_accuracy(*teacher, examples, augmenter, seed_of(stage)));
  const CheckpointFile checkpoint(stage_folder.checkpoint(), fingerprint);
  const ExampleSet none =
      validation_.select(at::empty({0}, validation_.ids().options()), "validation");  // a specialist has other classes
  const EventBus bus = metrics_writer(stage_folder);
  return Trainer({.stage = stage,
                  .seed = seed_of(stage),
                  .network = trained,
                  .teacher = teacher.get(),
                  .train = examples,
                  .validation = stage.specialist > 0 ? none : validation_,
                  .augmenter = augmenter,
                  .checkpoint = checkpoint,
                  .events = bus,
                  .precision = precision,
                  .recorder = setup_.recorder,
                  .conditions = conditions_of(stage, trained, precision)})
      .run();
}

Json SeedRun::gather_replicas(const StageRecipe& stage, const std::vector<Json>& members) {
  std::vector<std::shared_ptr<Network>> networks;
  for (const std::string& name : weight_folders(stage)) networks.push_back(network(name));
  const auto committee = std::make_shared<Committee>(std::move(networks), stage.replicas.mean);
  networks_[stage.name] = committee;
  Json entry = entry_of(stage, *committee);
  double seconds = 0, examples = 0, epochs = 0;
  std::vector<std::string> conditions;
  for (const Json& member : members) {
    epochs += member["epochs"].get<double>() / static_cast<double>(members.size());
    for (const auto& condition : member["conditions"].get<std::vector<std::string>>())
      if (std::find(conditions.begin(), conditions.end(), condition) == conditions.end())
        conditions.push_back(condition);
    seconds += member["seconds"].get<double>();
    examples += member["seconds"].get<double>() * member["examples_per_second"].get<double>();
  }
  entry["seconds"] = seconds;
  entry["examples_per_second"] = examples / std::max(seconds, 1e-9);
  entry["epochs"] = std::llround(epochs);
  entry["conditions"] = conditions;
  entry["note"] = stage_note(entry);
  setup_.events.emit(Notice{fmt::format("{}: {}", stage.name, stage_note(entry))});
  return entry;
}

Json SeedRun::calibrate_stage(const StageRecipe& stage) {
  const auto calibrated =
      std::dynamic_pointer_cast<GraphNetwork>(make(*setup_.recipe.network(stage.network), setup_.seed));
  if (calibrated == nullptr)
    throw Error(fmt::format("the network '{}' has no biases that are known by name", stage.network));
  load_state(*calibrated, state_of(*network(stage.calibration.of)), fmt::format("stage '{}'", stage.calibration.of));
  calibrated->to(setup_.device);
  const bool on_test = stage.calibration.tuned_on == CalibrationRecipe::Split::test;
  const ExampleSet& examples = on_test ? test_ : validation_;
  const BiasCalibration found =
      calibrate_bias(predict_logits(*calibrated, examples), examples.labels(), stage.calibration.classes);
  shift_output_bias(*calibrated, stage.calibration.classes, found.offset);
  save_weights(stage, *calibrated);
  networks_[stage.name] = calibrated;

  Json entry = entry_of(stage, *calibrated);
  std::vector<std::string> classes;
  for (const int64_t label : stage.calibration.classes)
    classes.push_back(setup_.dataset.classes[static_cast<size_t>(label)]);
  entry["calibration"] = {{"of", stage.calibration.of},
                          {"classes", classes},
                          {"offset", found.offset},
                          {"tuned_on", examples.name()},
                          {"examples", examples.size()},
                          {"errors_before", found.errors_before},
                          {"errors_after", entry["evaluations"][examples.name()]["errors"]}};
  entry["note"] = stage_note(entry);
  setup_.events.emit(Notice{fmt::format("{}: {}", stage.name, stage_note(entry))});
  return entry;
}

void SeedRun::save_weights(const StageRecipe& stage, const Network& trained) const {
  const Choice& architecture = setup_.recipe.network(stage.network)->architecture;
  ModelDescription description = describe_model(architecture, setup_.dataset, inputs_.at(stage.network));
  description.quantized = !stage.quantize.of.empty();
  const auto save = [&](const Network& network, const StageFolder& folder) {
    save_model(folder.weights(), network, description);
    std::error_code ignored;
    if (is_graph(architecture))
      fs::remove(folder.program(), ignored);  // of another network that the stage trained before
    else
      save_torchscript(folder.program(), network, description);
  };
  const auto* committee = dynamic_cast<const Committee*>(&trained);
  const std::vector<std::string> folders = weight_folders(stage);
  for (size_t i = 0; i < folders.size(); ++i)
    save(committee == nullptr ? trained : *committee->members()[i], setup_.folder.stage(folders[i]));
}

Json SeedRun::entry_of(const StageRecipe& stage, const Network& trained) {
  const std::string architecture = short_description(setup_.recipe.network(stage.network)->architecture);
  const bool specialists = trains_specialists(stage);
  const int64_t replicas = specialists ? stage.specialists.groups : stage.replicas.count;
  Json entry = {{"name", stage.name}, {"status", "done"}};
  entry["network"] = {{"name", stage.network},
                      {"description", !stage.quantize.of.empty() ? architecture + " int8"
                                      : specialists   ? fmt::format("{} + {} specialists", architecture, replicas)
                                      : replicas == 1 ? architecture
                                                      : fmt::format("{} × {}", replicas, architecture)},
                      {"parameters", trained.parameter_count()},
                      {"multiply_adds", trained.multiply_adds() ? Json(*trained.multiply_adds()) : Json(nullptr)}};
  if (!stage.teacher)
    entry["teacher"] = nullptr;
  else
    entry["teacher"] =
        stage.teachers.empty() ? stage.teacher.name() : fmt::format("{}", fmt::join(stage.teachers, ", "));
  entry["objective"] = describe_objective(stage.loss);
  entry["evaluations"] = evaluate_stage(stage, trained);
  const auto path = [](const std::string& name) { return "stages/" + name + "/weights.safetensors"; };
  if (replicas == 1 && !specialists) {
    entry["weights"] = path(stage.name);
  } else {
    if (!specialists)
      entry["replicas"] = {
          {"count", replicas}, {"together", stage.replicas.together}, {"mean", resolved(stage)["replicas"]["mean"]}};
    entry["members"] = Json::array();
    for (const std::string& name : weight_folders(stage))
      entry["members"].push_back({{"name", name}, {"weights", path(name)}});
  }
  return entry;
}

Json SeedRun::evaluate_stage(const StageRecipe& stage, const Network& trained) {
  Json summaries = Json::object(), detailed = Json::object();
  const Augmenter none;
  const ExampleSet train = labelled_part(examples_of(stage));
  for (const ExampleSet* examples : std::initializer_list<const ExampleSet*>{&test_, &validation_, &train}) {
    if (examples->size() == 0) continue;
    at::Tensor teacher_logits;
    const auto teacher = examples == &train ? nullptr
                                            : teacher_of(stage, {.network = nullptr,
                                                                 .examples = *examples,
                                                                 .augmenter = none,
                                                                 .purpose = TeacherPurpose::evaluation});
    if (teacher != nullptr) {
      at::Tensor& known =
          teacher_logits_[examples->name() + resolved(stage.teacher).dump()];  // several students may have it
      if (!known.defined()) known = outputs_of(*teacher, *examples).logits;
      teacher_logits = known;
    }
    StageNumbers numbers = evaluate_network(trained, *examples, teacher_logits, setup_.dataset.classes);
    if (setup_.dataset.speech != nullptr && examples == &test_)
      numbers.summary.update(word_numbers(setup_.dataset, labels_, trained, numbers.logits));
    if (examples == &test_) test_logits_[stage.name] = numbers.logits;
    summaries[examples->name()] = numbers.summary;
    detailed[examples->name()] = numbers.details;
  }
  write_file(setup_.folder.stage(stage.name).evaluation(), detailed.dump(1) + "\n");
  return summaries;
}

/// "2 threads, float32, teacher in bfloat16": what the network itself is trained in, and where its teacher's pass
/// differs, that. A product is rounded only where it is large enough.
std::string SeedRun::conditions_of(const StageRecipe& stage, const Network& trained, Precision precision) {
  const auto precision_in = [&](bool has_large_products) {
    return precision == Precision::bfloat16 && (has_large_products || !setup_.device.is_cpu()) ? "bfloat16" : "float32";
  };
  const auto has_large_products = [&](const std::string& teacher) {
    return network(teacher)->capabilities().rounds_products;
  };
  const std::string own = precision_in(trained.capabilities().rounds_products);
  const std::string taught =
      precision_in(std::any_of(stage.teachers.begin(), stage.teachers.end(), has_large_products));
  const int threads = at::get_num_threads();
  return fmt::format("{} thread{}, {}{}", threads, threads == 1 ? "" : "s", own,
                     stage.teachers.empty() || taught == own ? "" : ", teacher in " + taught);
}

/// The events of training, with metrics.jsonl written before anyone else sees them: a checkpoint never gets ahead of
/// it.
EventBus SeedRun::metrics_writer(const StageFolder& stage_folder) const {
  EventBus bus;
  bus.subscribe([stage_folder](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) stage_folder.keep_metrics(started->first_epoch);
    if (const auto* epoch = std::get_if<EpochDone>(&event)) stage_folder.append_metrics(*epoch);
  });
  bus.subscribe([this, stage_folder](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) {
      StageStarted told = *started;
      told.folder = stage_folder.path();
      setup_.events.emit(told);
    } else {
      setup_.events.emit(event);
    }
  });
  return bus;
}

at::Tensor SeedRun::logits_on_test(const std::string& name) {
  const auto known = test_logits_.find(name);
  return known != test_logits_.end() ? known->second : predict_logits(*network(name), test_);
}

/// Seen through the first network that teaches; without one, through the first that is trained.
void SeedRun::write_examples() {
  if (setup_.dataset.speech != nullptr) return;  // frames are no pictures
  const std::vector<StageRecipe>& recipe_stages = setup_.recipe.stages;
  std::string teaching = recipe_stages.front().name;
  for (auto stage = recipe_stages.rbegin(); stage != recipe_stages.rend(); ++stage)
    if (!stage->teachers.empty()) teaching = stage->teachers.front();
  std::vector<StageLogits> stages;
  for (const StageRecipe& stage : recipe_stages) stages.push_back({stage.name, logits_on_test(stage.name)});
  const StageLogits teacher{teaching, logits_on_test(teaching)};
  if (setup_.recipe.stage(teaching) == nullptr) stages.insert(stages.begin(), teacher);
  setup_.folder.write_examples(telling_examples(setup_.dataset, teacher, stages));
}

}  // namespace limbeck
