#pragma once
// A loss over features, ready to be evaluated.
#include <torch/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/random.h"
#include "limbeck/loss.h"
#include "support/small_data.h"

namespace limbeck {

using FeatureMap = std::map<std::string, torch::Tensor>;

/// A loss that was prepared for these features; its parameters and its state have their type from then on.
struct PreparedLoss {
  PreparedLoss(const std::string& yaml, const FeatureMap& student, const FeatureMap& teacher)
      : loss(choose(Slot::loss, yaml).make<Loss>()),
        parameters(/*seed=*/1, /*loss=*/0, student.begin()->second.device()) {
    loss->prepare(shapes_of({.features = student}, {.features = teacher}), parameters);
    for (const auto* all : {&parameters.all(), &parameters.state()})
      for (const Parameter& parameter : *all)
        parameter.value.set_data(parameter.value.to(student.begin()->second.scalar_type()));
  }
  torch::Tensor value(const FeatureMap& student, const FeatureMap& teacher) const {
    return loss->value({.features = student}, {.features = teacher}, {});
  }

  std::unique_ptr<Loss> loss;
  LossParameters parameters;
};

/// Normally distributed numbers, float64.
inline torch::Tensor random_feature(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::Tensor feature = torch::empty(shape, torch::kFloat64);
  Random random({seed, Purpose::synthesis});
  for (int64_t i = 0; i < feature.numel(); ++i) feature.view({-1})[i] = random.normal();
  return feature;
}

}  // namespace limbeck
