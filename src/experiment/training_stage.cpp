#include "experiment/training_stage.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "experiment/stage_networks.h"
#include "experiment/stage_training.h"

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

void TrainingStage::check(const RunContext& run, const StageRecipe& stage) const {
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

StageOutcome TrainingStage::run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                                const std::vector<StageResult>&) const {
  const std::shared_ptr<Network> network = make_stage_network(run, stage);
  return train_stage(run, stage, network, {network}, fingerprint);
}

std::shared_ptr<Network> TrainingStage::load(RunContext& run, const StageRecipe& stage, const Json&) const {
  return load_stage_network(run, stage);
}

std::unique_ptr<StageKind> kind_of(const StageRecipe& stage) {
  if (!stage.kind) return std::make_unique<TrainingStage>();
  return stage.kind.make<StageKind>();
}

}  // namespace limbeck
