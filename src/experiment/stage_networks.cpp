#include "experiment/stage_networks.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "experiment/stage_fingerprint.h"

namespace limbeck {
namespace {

/// Whether a gradient comes from the logits to anything in a training pass, which may change the network's buffers.
bool can_be_trained(const Network& network, Shape shape) {
  constexpr int64_t kExamples = 2;
  shape.insert(shape.begin(), kExamples);
  const at::AutoGradMode with_gradient(true);
  const Noise noise{.seed = 0, .epoch = 0, .ids = at::arange(kExamples)};
  return network.forward(at::zeros(shape), {.noise = &noise}).logits.requires_grad();
}

}  // namespace

std::shared_ptr<Network> make_stage_network(const RunContext& run, const StageRecipe& stage) {
  const NetworkRecipe& network = run.network_of(stage);
  std::shared_ptr<Network> made = run.networks.make(network, run.seed_of(stage));
  if (begins_with_weights(stage, network)) load_weights(*made, network.weights);
  return made;
}

void require_graph(const RunContext& run, const StageRecipe& stage, const char* why) {
  if (!is_graph(run.network_of(stage).architecture))
    throw Error(ErrorKind::usage, fmt::format("the network '{}' is a program from a file; {}", stage.network, why));
}

namespace {

/// The parameters of the last layer of a network with `classes` outputs: weight, and bias if there is one.
std::vector<Parameter> classifier_of(const Network& network, const std::string& name, int64_t classes) {
  const std::vector<Parameter>& all = network.parameters();
  const bool has_bias = !all.empty() && all.back().value.dim() == 1;
  const size_t count = has_bias ? 2 : 1;
  if (all.size() < count || all[all.size() - count].value.dim() < 2 || all[all.size() - count].value.size(0) != classes)
    throw Error(ErrorKind::usage,
                fmt::format("the last parameters of '{}' are no classifier of {} classes", name, classes));
  return {all.end() - static_cast<std::ptrdiff_t>(count), all.end()};
}

struct ClassifierPair {
  std::vector<Parameter> given, taken;
};

/// The classifiers of two networks. Throws Error of kind usage unless they have the same numbers of parameters.
ClassifierPair classifiers(const RunContext& run, const StageRecipe& stage, const Network& from, const Network& to) {
  const auto classes = static_cast<int64_t>(run.dataset().classes.size());
  ClassifierPair pair{classifier_of(from, stage.classifier, classes), classifier_of(to, stage.network, classes)};
  const bool fits = std::equal(
      pair.given.begin(), pair.given.end(), pair.taken.begin(), pair.taken.end(),
      [](const Parameter& given, const Parameter& taken) { return given.value.numel() == taken.value.numel(); });
  if (!fits)
    throw Error(ErrorKind::usage,
                fmt::format("the classifier of '{}' is {}, that of '{}' {}; the network 'reused_classifier' with "
                            "'channels' of the teacher's last map has one that fits",
                            stage.classifier, to_text(pair.given.front().value.sizes().vec()), stage.network,
                            to_text(pair.taken.front().value.sizes().vec())));
  return pair;
}

}  // namespace

void copy_classifier(const RunContext& run, const StageRecipe& stage, const Network& network) {
  const ClassifierPair pair = classifiers(run, stage, *run.networks.network(stage.classifier), network);
  const at::NoGradGuard no_gradient;
  for (size_t i = 0; i < pair.taken.size(); ++i) {
    at::Tensor value = pair.taken[i].value;
    value.copy_(pair.given[i].value.reshape(value.sizes()));
  }
}

void check_classifier(const RunContext& run, const StageRecipe& stage) {
  if (stage.classifier.empty()) return;
  const StageRecipe* source = run.recipe.stage_of(stage.classifier);
  const NetworkRecipe& from = source == nullptr ? *run.recipe.network(stage.classifier) : run.network_of(*source);
  const std::shared_ptr<Network> given =
      source == nullptr ? run.networks.network(from.name) : run.networks.make(from, run.seed);
  classifiers(run, stage, *given, *run.networks.make(run.network_of(stage), run.seed));
}

void require_trainable(const RunContext& run, const StageRecipe& stage) {
  const NetworkRecipe& network = run.network_of(stage);
  if (is_graph(network.architecture)) return;
  if (stage.sync_batch_norm)
    throw Error(
        ErrorKind::usage,
        fmt::format("stage '{}': sync_batch_norm is of networks that are known by name, and '{}' is a program's "
                    "file",
                    stage.name, network.name));
  if (run.networks.network(network.name)->parameters().empty())
    throw Error(
        ErrorKind::usage,
        fmt::format("the network '{}' has no parameters to train: its file was frozen (torch.jit.freeze), or none of "
                    "them requires a gradient",
                    network.name));
  if (!can_be_trained(*run.networks.make(network, run.seed), run.dataset().input_shape()))
    throw Error(ErrorKind::usage,
                fmt::format("the network '{}' cannot be trained: its logits do not depend on its parameters in a way "
                            "that LibTorch can follow; its program may compute under torch.no_grad() or detach them",
                            network.name));
}

void save_weights(const RunContext& run, const StageRecipe& stage,
                  const std::vector<std::shared_ptr<Network>>& networks) {
  const NetworkRecipe& recipe = run.network_of(stage);
  ModelDescription description = run.networks.description(recipe);
  description.quantized = stage.form().quantized;
  const std::vector<std::string> folders = weight_folders(stage);
  for (size_t i = 0; i < folders.size(); ++i) {
    const StageFolder folder = run.folder.stage(folders[i]);
    save_model(folder.weights(), *networks[i], description);
    std::error_code ignored;
    if (is_graph(recipe.architecture))
      fs::remove(folder.program(), ignored);  // of another network that the stage trained before
    else
      save_torchscript(folder.program(), *networks[i], description);
  }
}

void load_weights(const RunContext& run, const StageRecipe& stage,
                  const std::vector<std::shared_ptr<Network>>& networks) {
  const std::vector<std::string> folders = weight_folders(stage);
  for (size_t i = 0; i < folders.size(); ++i) load_weights(*networks[i], run.folder.stage(folders[i]).weights());
}

std::shared_ptr<Network> load_stage_network(const RunContext& run, const StageRecipe& stage) {
  std::shared_ptr<Network> network = make_stage_network(run, stage);
  load_weights(run, stage, {network});
  network->to(run.device);
  return network;
}

}  // namespace limbeck
