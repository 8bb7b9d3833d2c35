#pragma once
// Cost of networks at inference: latency of one example, and throughput in batches. Networks are measured in turns, so
// that other load on the machine affects all of them.
//
//   const InferenceMaker teacher = inference_of(*big, {3, 32, 32}), student = inference_of(*small, {3, 32, 32});
//   const std::vector<Cost> costs = measure_costs({teacher, student}, {.batches = {16, 256}});
//   costs[1].latency.median;   // milliseconds
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/json_fwd.h"
#include "nn/network.h"

namespace limbeck {

/// Of one example, in milliseconds.
struct Latency {
  double median = 0;
  double p95 = 0;
  std::optional<double> p99;  ///< of at least 100 runs
  int64_t runs = 0;
};

struct Throughput {
  int64_t batch = 1;
  double examples_per_second = 0;
};

struct Cost {
  Latency latency;
  std::vector<Throughput> throughput;  ///< of each batch size that was asked for
};

/// One inference on inputs that lie ready; returns when its result is there. Throws what the network throws.
using Inference = std::function<void()>;
/// Makes the inference on a batch of that size. Whatever runs a network is measured through one of these.
using InferenceMaker = std::function<Inference(int64_t batch)>;

/// Of a network, which outlives the maker and what it makes, on inputs [batch, …] of this shape; weights are prepared
/// once for each batch size.
InferenceMaker inference_of(const Network& network, const Shape& input);

struct CostOptions {
  std::vector<int64_t> batches = {};  ///< of the throughput; none: latency alone
  double seconds = 1;  ///< of each network at each batch size, about; at least one run in each of ten turns
};

/// With the number of threads that is set. The first run of each turn is not counted: it finds the processor's caches
/// full of another network. Throws Error of kind interrupted where a signal asks to stop.
std::vector<Cost> measure_costs(const std::vector<InferenceMaker>& makers, const CostOptions& options);

/// Of a network's ONNX file in onnxruntime: what ships.
struct FileCost {
  uintmax_t bytes = 0;
  Cost cost;
};

/// A network among others in a table of costs: what `limbeck bench` and a run's "deployment" write.
struct CostRow {
  std::string name;
  std::optional<double> accuracy, agreement;  ///< on test; agreement with the teacher
  std::optional<int64_t> parameters, multiply_adds;
  uintmax_t bytes = 0;                  ///< of its files
  std::optional<double> memory;         ///< bytes, peak of a process that runs it alone
  std::optional<double> memory_before;  ///< what that process had taken before it was loaded
  std::optional<Cost> cost;             ///< in LibTorch; not of an int8 network, which LibTorch simulates in float32
  std::optional<FileCost> onnxruntime;
};

/// {"name", "accuracy", "agreement", "parameters", "multiply_adds", "bytes", "memory": {"peak", "before"}, "latency":
/// {"median", "p95", "p99", "runs"}, "throughput": [{"batch", "examples_per_second"}], "onnxruntime": {"bytes",
/// "latency", "throughput"}}; null where it is not known.
Json to_json(const CostRow& row);

}  // namespace limbeck
