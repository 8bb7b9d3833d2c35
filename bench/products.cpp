// The matrix products of one step of distilling 784-1200-1200-10 into 784-800-800-10 at batch 128, one after the other,
// and nothing else: the bound that arithmetic sets in float32. Reports examples and floating-point operations per
// second.
#include <benchmark/benchmark.h>
#include <dnnl.h>

#include <vector>

namespace {

constexpr int64_t kBatch = 128;

struct Product {
  char a, b;  ///< 'N' or 'T'
  int64_t m, n, k;
};

std::vector<Product> forward(int64_t width) {
  return {{'N', 'T', kBatch, width, 784}, {'N', 'T', kBatch, width, width}, {'N', 'T', kBatch, 10, width}};
}

std::vector<Product> backward(int64_t width) {
  return {{'T', 'N', 10, width, kBatch},
          {'N', 'N', kBatch, width, 10},
          {'T', 'N', width, width, kBatch},
          {'N', 'N', kBatch, width, width},
          {'T', 'N', width, 784, kBatch}};
}

void run(benchmark::State& state, const std::vector<Product>& products) {
  const std::vector<float> a(1200 * 1200, 0.5F), b(1200 * 1200, 0.5F);
  std::vector<float> c(1200 * 1200);
  double multiply_adds = 0;
  for (const Product& p : products) multiply_adds += static_cast<double>(p.m * p.n * p.k);
  for (auto _ : state)
    for (const Product& p : products)
      dnnl_sgemm(p.a, p.b, p.m, p.n, p.k, 1, a.data(), p.a == 'N' ? p.k : p.m, b.data(), p.b == 'N' ? p.n : p.k, 0,
                 c.data(), p.n);
  const auto steps = static_cast<double>(state.iterations());
  state.counters["examples/s"] = benchmark::Counter(steps * kBatch, benchmark::Counter::kIsRate);
  state.counters["FLOP/s"] = benchmark::Counter(2 * steps * multiply_adds, benchmark::Counter::kIsRate);
}

void kept_outputs(benchmark::State& state) {
  std::vector<Product> products = forward(800);
  for (const Product& p : backward(800)) products.push_back(p);
  run(state, products);
}

void live_teacher(benchmark::State& state) {
  std::vector<Product> products = forward(1200);
  for (const Product& p : forward(800)) products.push_back(p);
  for (const Product& p : backward(800)) products.push_back(p);
  run(state, products);
}

void square(benchmark::State& state) {
  run(state, {{'N', 'N', 1024, 1024, 1024}});
}

BENCHMARK(kept_outputs)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(live_teacher)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(square)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
