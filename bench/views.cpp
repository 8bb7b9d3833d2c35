// What a batch of 64 images costs: gathering, augmenting and scaling to floats, on one thread. The arguments are the
// images' side and which augmentations.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <benchmark/benchmark.h>

#include "data/example_set.h"
#include "experiment/components.h"

namespace {

using namespace limbeck;

void batches(benchmark::State& state, const std::vector<const char*>& names) {
  at::set_num_threads(1);
  constexpr int64_t kExamples = 1024, kBatch = 64;
  const int64_t side = state.range(0);
  Dataset dataset;
  dataset.train = {at::randint(0, 256, {kExamples, 3, side, side}, at::kByte), at::zeros({kExamples}, at::kLong)};
  std::vector<Choice> choices;
  for (const char* name : names) choices.push_back(components().choose(Slot::augmentation, name));
  const Augmenter augmenter(choices);
  const ExampleSet examples(dataset.train, "train", dataset);
  const at::Tensor order = examples.order(1, 0);
  int64_t step = 0;
  for (auto _ : state) {
    const int64_t begin = step++ * kBatch % kExamples;
    benchmark::DoNotOptimize(
        examples.batch(order.slice(0, begin, begin + kBatch), augmenter, 1, step).inputs.data_ptr());
  }
  state.counters["images/s"] = benchmark::Counter(static_cast<double>(step * kBatch), benchmark::Counter::kIsRate);
}

void each_side(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(32)->Arg(64)->Arg(128)->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(batches, none, {})->Apply(each_side);
BENCHMARK_CAPTURE(batches, crop_flip, {"crop", "flip"})->Apply(each_side);
BENCHMARK_CAPTURE(batches, crop_flip_cutout, {"crop", "flip", "cutout"})->Apply(each_side);
BENCHMARK_CAPTURE(batches, rotation, {"rotation"})->Apply(each_side);
BENCHMARK_CAPTURE(batches, affine, {"rotation", "translation", "shear", "zoom"})->Apply(each_side);
BENCHMARK_CAPTURE(batches, crop_flip_mixup, {"crop", "flip", "mixup"})->Apply(each_side);

}  // namespace
