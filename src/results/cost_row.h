#pragma once
// What networks cost where they run, as `limbeck bench` and a run's "deployment" write it.
#include <optional>
#include <string>
#include <vector>

#include "results/fields.h"

namespace limbeck {

/// Of one example, in milliseconds.
struct Latency {
  double median = 0;
  double p95 = 0;
  std::optional<double> p99;  ///< of at least 100 runs
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
  std::vector<Throughput> throughput;  ///< of each batch size that was asked for
};

/// Of a process that runs one network and nothing else, in bytes.
struct PeakMemory {
  double peak = 0;               ///< the most that the process has held
  std::optional<double> before;  ///< the most until the network was read

  void bind(ResultFields& fields);
};

/// Of a network's ONNX file in onnxruntime: what ships.
struct FileCost {
  uintmax_t bytes = 0;
  Cost cost;

  void bind(ResultFields& fields);
};

/// A network among others in a table of costs; null where something is not known.
struct CostRow {
  std::string name;
  std::optional<double> accuracy, agreement;  ///< on test; agreement with the teacher
  std::optional<int64_t> parameters, multiply_adds;
  uintmax_t bytes = 0;                  ///< of its files
  std::optional<double> memory;         ///< bytes, peak of a process that runs it alone
  std::optional<double> memory_before;  ///< what that process had taken before it was loaded
  std::optional<Cost> cost;             ///< in LibTorch; not of one in bytes, which LibTorch computes as rounded floats
  std::optional<FileCost> onnxruntime;

  void bind(ResultFields& fields);
};

/// A row of RUN/onnxruntime.json, as `node bench/onnx.mjs --json RUN` prints it.
struct OnnxruntimeRow {
  std::string name;
  std::optional<int64_t> bytes;
  std::optional<double> median, p95, p99;  ///< latency of one example, in milliseconds
  std::optional<int64_t> examples_per_second, errors, libtorch_errors;

  void bind(ResultFields& fields);
};

}  // namespace limbeck
