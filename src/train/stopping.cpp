#include "train/stopping.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

namespace limbeck {

void Stopping::observe(const EpochDone& epoch, const Network& network) {
  if (recipe_.epoch > 0 && epoch.epoch >= recipe_.epoch) stops_ = true;
  if (has_validation_ && !epoch.validation) return;
  const double accuracy = epoch.validation ? epoch.validation->accuracy : epoch.train.accuracy;
  if (recipe_.accuracy > 0 && accuracy >= recipe_.accuracy) stops_ = true;
  if (recipe_.patience == 0 || !epoch.validation) return;
  const double value = recipe_.by == StopRecipe::By::accuracy ? accuracy : -epoch.validation->loss;
  if (best_epoch_ == 0 || value > best_) {
    best_ = value;
    best_epoch_ = epoch.epoch;
    best_weights_.clear();
    for (const auto& [name, tensor] : state_of(network)) best_weights_[name] = tensor.clone();
  } else if (epoch.epoch - best_epoch_ >= recipe_.patience) {
    stops_ = true;
  }
}

void Stopping::restore(Network& network) const {
  if (kept_epoch() > 0) limbeck::load_state(network, best_weights_, "the best epoch's weights");
}

TensorMap Stopping::state() const {
  TensorMap state;
  if (!recipe_.any()) return state;
  state["place"] = at::tensor({static_cast<int64_t>(stops_), best_epoch_}, at::kLong);
  state["best"] = at::tensor({best_}, at::kDouble);
  for (const auto& [name, tensor] : best_weights_) state["weights." + name] = tensor;
  return state;
}

void Stopping::load_state(const TensorMap& state) {
  if (!state.contains("place") || !state.contains("best")) return;
  stops_ = state.at("place")[0].item<int64_t>() != 0;
  best_epoch_ = state.at("place")[1].item<int64_t>();
  best_ = state.at("best")[0].item<double>();
  const std::string prefix = "weights.";
  for (const auto& [name, tensor] : state)
    if (name.starts_with(prefix)) best_weights_[name.substr(prefix.size())] = tensor;
}

}  // namespace limbeck
