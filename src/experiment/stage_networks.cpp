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
    throw Error(ErrorKind::usage, fmt::format("the network '{}' is a TorchScript file; {}", stage.network, why));
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

void copy_classifier(const RunContext& run, const Network& from, const std::string& from_name, const Network& to,
                     const std::string& to_name, bool only_check) {
  const auto classes = static_cast<int64_t>(run.dataset().classes.size());
  const std::vector<Parameter> theirs = classifier_of(from, from_name, classes);
  const std::vector<Parameter> ours = classifier_of(to, to_name, classes);
  const at::NoGradGuard no_gradient;
  for (size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    if (ours.size() != theirs.size() || ours[i].value.numel() != theirs[i].value.numel())
      throw Error(ErrorKind::usage,
                  fmt::format("the classifier of '{}' is {}, that of '{}' {}; the network 'reused_classifier' with "
                              "'channels' of the teacher's last map has one that fits",
                              from_name, to_text(theirs.front().value.sizes().vec()), to_name,
                              to_text(ours.front().value.sizes().vec())));
    at::Tensor value = ours[i].value;
    if (!only_check) value.copy_(theirs[i].value.reshape(value.sizes()));
  }
}

}  // namespace

void copy_classifier(const RunContext& run, const StageRecipe& stage, const Network& network) {
  copy_classifier(run, *run.networks.network(stage.classifier), stage.classifier, network, stage.network,
                  /*only_check=*/false);
}

void check_classifier(const RunContext& run, const StageRecipe& stage) {
  if (stage.classifier.empty()) return;
  const StageRecipe* source = run.recipe.stage_of(stage.classifier);
  const NetworkRecipe& from = source == nullptr ? *run.recipe.network(stage.classifier) : run.network_of(*source);
  const std::shared_ptr<Network> given =
      source == nullptr ? run.networks.network(from.name) : run.networks.make(from, run.seed);
  copy_classifier(run, *given, stage.classifier, *run.networks.make(run.network_of(stage), run.seed), stage.network,
                  /*only_check=*/true);
}

void require_trainable(const RunContext& run, const StageRecipe& stage) {
  const NetworkRecipe& network = run.network_of(stage);
  if (is_graph(network.architecture)) return;
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
