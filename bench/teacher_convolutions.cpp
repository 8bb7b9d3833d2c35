// A live teacher's convolutions on one thread: Winograd's method in float32 (kernels/winograd.h) beside oneDNN's in
// float32, bfloat16 and int8, by the definition, with the weights laid out beforehand as oneDNN likes them and the
// images as they are. 3×3 kernels, stride 1, batch 64; the widths of resnet56 and resnet32x4.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <dnnl.hpp>
#include <vector>

#include "kernels/winograd.h"

namespace {

using Memory = dnnl::memory;
using limbeck::WinogradShape;

constexpr int64_t kImages = 64;

void tell_speed(benchmark::State& state, int64_t channels, int64_t side) {
  const auto products = static_cast<double>(kImages * side * side * 9 * channels * channels);
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * products, benchmark::Counter::kIsIterationInvariantRate);
}

void winograd(benchmark::State& state) {
  const int64_t channels = state.range(0), side = state.range(1);
  const WinogradShape shape{.images = kImages, .height = side, .width = side, .in = channels, .out = channels};
  const std::vector<float> x(static_cast<size_t>(kImages * side * side * channels), 0.5F),
      weights(static_cast<size_t>(channels * channels * 9), 0.5F), bias(static_cast<size_t>(channels), 0.1F);
  std::vector<float> y(x.size()), transformed(static_cast<size_t>(shape.weights())),
      workspace(static_cast<size_t>(shape.workspace()));
  transform_weights(shape, weights.data(), false, transformed.data(), 0, channels);
  for (auto _ : state)
    convolve_blocks(shape, x.data(), transformed.data(), {.bias = bias.data(), .rectifier = {.on = true}}, y.data(), 0,
                    shape.blocks(), workspace.data());
  tell_speed(state, channels, side);
}

#if DNNL_VERSION_MAJOR < 3  // descriptions of primitives changed since
void one_dnn(benchmark::State& state, Memory::data_type inputs, Memory::data_type weights) {
  const int64_t channels = state.range(0), side = state.range(1);
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const Memory::dims image = {kImages, channels, side, side}, kernel = {channels, channels, 3, 3};
  const Memory::desc x({image, inputs, Memory::format_tag::nhwc}), w({kernel, weights, Memory::format_tag::any}),
      b({{channels}, Memory::data_type::f32, Memory::format_tag::a});
  dnnl::primitive_attr attributes;
  dnnl::post_ops after;
  after.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
  attributes.set_post_ops(after);
  if (weights == Memory::data_type::s8)
    attributes.set_output_scales(1 << 1, std::vector<float>(static_cast<size_t>(channels), 0.01F));
  const dnnl::convolution_forward::primitive_desc description(
      {dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x, w, b, x, {1, 1}, {1, 1}, {1, 1}},
      attributes, engine);
  Memory from(x, engine), factors(description.weights_desc(), engine), bias(b, engine), to(x, engine);
  const dnnl::convolution_forward convolution(description);
  for (auto _ : state) {
    convolution.execute(stream,
                        {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, factors}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, to}});
    stream.wait();
  }
  tell_speed(state, channels, side);
  state.SetLabel(description.impl_info_str());
}
#endif

void sizes(benchmark::internal::Benchmark* all) {
  all->Args({16, 32})->Args({32, 16})->Args({64, 8})->Args({64, 32})->Args({128, 16})->Args({256, 8});
  all->Unit(benchmark::kMillisecond);
}

}  // namespace

BENCHMARK(winograd)->Apply(sizes);
#if DNNL_VERSION_MAJOR < 3
BENCHMARK_CAPTURE(one_dnn, float32, Memory::data_type::f32, Memory::data_type::f32)->Apply(sizes);
BENCHMARK_CAPTURE(one_dnn, bfloat16, Memory::data_type::bf16, Memory::data_type::bf16)->Apply(sizes);
BENCHMARK_CAPTURE(one_dnn, int8, Memory::data_type::u8, Memory::data_type::s8)->Apply(sizes);
#endif
