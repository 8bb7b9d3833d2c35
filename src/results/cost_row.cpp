#include "results/cost_row.h"

#include "results/bench_result.h"
#include "results/keys.h"

namespace limbeck {
namespace {

void bind_cost(ResultFields& fields, std::optional<Latency>& latency, std::vector<Throughput>& throughput) {
  fields.value(keys::kLatency, latency);
  fields.value(keys::kThroughput, throughput);
}

}  // namespace

void Latency::bind(ResultFields& fields) {
  fields.value(keys::kMedian, median);
  fields.value(keys::kP95, p95);
  fields.value(keys::kP99, p99);
  fields.value("runs", runs);
}

void Throughput::bind(ResultFields& fields) {
  fields.value("batch", batch);
  fields.value(keys::kExamplesPerSecond, examples_per_second);
}

void PeakMemory::bind(ResultFields& fields) {
  fields.value("peak", peak);
  fields.value("before", before);
}

void FileCost::bind(ResultFields& fields) {
  fields.value(keys::kBytes, bytes);
  std::optional<Latency> latency = cost.latency;
  bind_cost(fields, latency, cost.throughput);
  cost.latency = latency.value_or(Latency());
}

void CostRow::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kAccuracy, accuracy);
  fields.value(keys::kAgreement, agreement);
  fields.value(keys::kParameters, parameters);
  fields.value(keys::kMultiplyAdds, multiply_adds);
  fields.value(keys::kBytes, bytes);
  std::optional<PeakMemory> taken;
  if (memory) taken = {*memory, memory_before};
  fields.value("memory", taken);
  if (taken) std::tie(memory, memory_before) = std::pair(taken->peak, taken->before);
  std::optional<Latency> latency;
  std::vector<Throughput> throughput;
  if (cost) std::tie(latency, throughput) = std::pair(cost->latency, cost->throughput);
  bind_cost(fields, latency, throughput);
  if (latency) cost = {*latency, throughput};
  fields.value(keys::kOnnxruntime, onnxruntime);
}

void OnnxruntimeRow::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kBytes, bytes);
  fields.value(keys::kMedian, median);
  fields.value(keys::kP95, p95);
  fields.value(keys::kP99, p99);
  fields.value(keys::kExamplesPerSecond, examples_per_second);
  fields.value(keys::kErrors, errors);
  fields.value("libtorch_errors", libtorch_errors);
}

void BenchRow::bind(ResultFields& fields) {
  row.bind(fields);
  fields.value(keys::kFiles, files, Gap::omitted);
  fields.value("on_front", on_front);
}

void BenchResult::bind(ResultFields& fields) {
  fields.value(keys::kEnvironment, environment);
  fields.value(keys::kSeconds, seconds);
  fields.value("models", models);
  fields.value("notes", notes);
}

}  // namespace limbeck
