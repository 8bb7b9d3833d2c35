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
