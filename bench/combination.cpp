// How fast a generalist and specialists are brought together: 100 classes, 3 specialists of 10 classes and a dustbin
// for each image.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randn.h>

#include <benchmark/benchmark.h>

#include "nn/ensembles/combined_distribution.h"

namespace limbeck {
namespace {

void combine(benchmark::State& state) {
  constexpr int64_t kImages = 1000, kClasses = 100, kActive = 3, kKnown = 10;
  at::manual_seed(1);
  const auto distributions = [](int64_t classes) { return at::log_softmax(at::randn({kImages, classes}) * 3, 1); };
  std::vector<SpecialistOpinion> specialists;
  for (int64_t m = 0; m < kActive; ++m) {
    std::vector<int64_t> classes;
    for (int64_t c = 0; c < kKnown; ++c) classes.push_back(c * kKnown + m);
    specialists.push_back(
        {.classes = classes, .log_probabilities = distributions(kKnown + 1), .rows = at::arange(kImages)});
  }
  const at::Tensor generalist = distributions(kClasses);
  const CombinationOptions options{.divergence = state.range(0) == 0 ? Divergence::forward : Divergence::reverse};
  CombinedDistribution found;
  for (auto _ : state) found = combined_distribution(generalist, specialists, options);
  state.SetItemsProcessed(state.iterations() * kImages);
  state.counters["most steps"] = static_cast<double>(found.steps);
}
BENCHMARK(combine)->ArgName("reverse")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace limbeck
