// What the passes of a step take on the processor: a teacher's inference and a student's training pass at batch 64, and
// single convolutions beside LibTorch's. Threads as OMP_NUM_THREADS says.
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include "core/process.h"
#include "kernels/fused_convolution.h"
#include "limbeck/catalogue.h"
#include "nn/int8_network.h"
#include "nn/network.h"
#include "nn/quantization.h"

namespace limbeck {

void register_nn(Catalogue& catalogue);

namespace {

constexpr int64_t kBatch = 64;
const TaskShape kTask{{3, 32, 32}, 100};

Graph graph_of(const char* network) {
  Catalogue catalogue;
  register_nn(catalogue);
  return std::move(*catalogue.choose(Slot::network, network).make<Graph, const TaskShape&>(kTask));
}

void infer(benchmark::State& state, const char* name) {
  const GraphNetwork network(graph_of(name), 1);
  const at::Tensor x = at::randn({kBatch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  PreparedWeights prepared;
  const at::NoGradGuard no_gradient;
  network.forward(x, {.prepared = &prepared});  // folds and transforms the weights
  for (auto _ : state) benchmark::DoNotOptimize(network.forward(x, {.prepared = &prepared}).logits);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void infer_int8(benchmark::State& state, const char* name) {
  const at::NoGradGuard no_gradient;
  const at::Tensor x = at::randn({kBatch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  const Int8Network network(quantize(GraphNetwork(graph_of(name), 1), x));
  for (auto _ : state) benchmark::DoNotOptimize(network.forward(x, {}).logits);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void train(benchmark::State& state, const char* name) {
  const GraphNetwork network(graph_of(name), 1);
  const at::Tensor x = at::randn({kBatch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  const Noise noise{};
  const at::Tensor gradient = at::randn({kBatch, 100});
  for (auto _ : state) {
    for (const Parameter& parameter : network.parameters()) parameter.value.mutable_grad().reset();
    network.forward(x, {.noise = &noise}).logits.backward(gradient);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void convolve(benchmark::State& state, bool libtorch, bool backward) {
  const Convolution op{.in = state.range(0),
                       .out = state.range(1),
                       .kernel = state.range(2),
                       .stride = state.range(3),
                       .padding = state.range(2) / 2};
  const at::Tensor x =
      at::randn({kBatch, op.in, state.range(4), state.range(4)}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::randn({op.out, op.in, op.kernel, op.kernel}).set_requires_grad(backward);
  if (backward && op.in > 3) x.set_requires_grad(true);
  const int64_t side = (state.range(4) - 1) / op.stride + 1;
  const at::Tensor gradient = at::randn({kBatch, op.out, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::AutoGradMode mode(backward);
  for (auto _ : state) {
    const at::Tensor y =
        libtorch ? at::conv2d(x, weight, {}, op.stride, op.padding) : fused_convolution(op, x, weight, {}, {});
    if (!backward) continue;
    for (const at::Tensor& t : {x, weight}) t.mutable_grad().reset();
    y.backward(gradient);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void shapes(benchmark::internal::Benchmark* all) {
  all->Args({3, 16, 3, 1, 32})
      ->Args({16, 32, 3, 2, 32})
      ->Args({32, 64, 3, 2, 16})
      ->Args({16, 32, 1, 2, 32})
      ->Args({32, 64, 1, 2, 16})
      ->Args({16, 16, 3, 1, 32})
      ->Args({32, 32, 3, 1, 16})
      ->Args({64, 64, 3, 1, 8});
}

BENCHMARK_CAPTURE(infer, resnet56, "resnet56")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(infer, resnet32x4, "resnet32x4")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(infer_int8, resnet56, "resnet56")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(infer_int8, resnet32x4, "resnet32x4")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(train, resnet20, "resnet20")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(convolve, forward_ours, false, false)->Apply(shapes);
BENCHMARK_CAPTURE(convolve, forward_libtorch, true, false)->Apply(shapes);
BENCHMARK_CAPTURE(convolve, both_ours, false, true)->Apply(shapes);
BENCHMARK_CAPTURE(convolve, both_libtorch, true, true)->Apply(shapes);

}  // namespace
}  // namespace limbeck

int main(int argc, char** argv) {
  limbeck::settle_process(argv);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
