#pragma once
// Inference cost of networks, as written by `limbeck bench` and a run's "deployment".
#include <optional>
#include <string>
#include <vector>

#include "results/fields.h"

namespace limbeck {

/// Latency of one example, in milliseconds.
struct Latency {
  double median = 0;
  double p95 = 0;
  std::optional<double> p99;  ///< only with at least 100 runs
  int64_t runs = 0;

  void bind(ResultFields& fields);
};

struct Throughput {
  int64_t batch = 1;
  double examples_per_second = 0;

  void bind(ResultFields& fields);
};

struct Cost {
  Latency latency;
  std::vector<Throughput> throughput;  ///< for each requested batch size
};

/// Peak memory of a process that runs only this network, in bytes.
struct PeakMemory {
  double peak = 0;               ///< peak of the process
  std::optional<double> before;  ///< peak before the network was loaded

  void bind(ResultFields& fields);
};

/// Cost of a network's ONNX file in ONNX Runtime.
struct FileCost {
  uintmax_t bytes = 0;
  Cost cost;

  void bind(ResultFields& fields);
};

/// A row of the cost table; null if a value is unknown.
struct CostRow {
  std::string name;
  std::optional<double> accuracy, agreement;  ///< on test; agreement with the teacher
  std::optional<int64_t> parameters, multiply_adds;
  uintmax_t bytes = 0;                  ///< of its files
  std::optional<double> memory;         ///< bytes, peak of a process that runs it alone
  std::optional<double> memory_before;  ///< peak memory of that process before it loaded the network
  std::optional<Cost> cost;  ///< in LibTorch; none for quantized networks, which LibTorch simulates in floating point
  std::optional<FileCost> onnxruntime;

  void bind(ResultFields& fields);
};

/// A row of RUN/onnxruntime.json, as printed by `node bench/onnx.mjs --json RUN`.
struct OnnxruntimeRow {
  std::string name;
  std::optional<int64_t> bytes;
  std::optional<double> median, p95, p99;  ///< latency of one example, in milliseconds
  std::optional<int64_t> examples_per_second, errors, libtorch_errors;

  void bind(ResultFields& fields);
};

}  // namespace limbeck
