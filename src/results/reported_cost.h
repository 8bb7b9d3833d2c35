#pragma once
// What a run's networks cost where they run.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "results/cost_row.h"

namespace limbeck {

struct ReportedCost {
  std::string name;
  std::optional<double> accuracy;
  std::optional<int64_t> parameters;
  std::optional<int64_t> bytes;                ///< of the file
  std::optional<double> median, p95, p99;      ///< latency of one example, in milliseconds
  std::optional<int64_t> examples_per_second;  ///< in batches
  std::optional<int64_t> errors;               ///< of the file in another runtime than LibTorch, on the test split
  std::optional<int64_t> libtorch_errors;
};

/// Of the rows of "deployment", what was measured in LibTorch.
std::vector<ReportedCost> costs_in_libtorch(const std::vector<CostRow>& rows);

/// What was measured as ONNX files in onnxruntime too, by the same rows.
std::vector<ReportedCost> costs_of_files(const std::vector<CostRow>& rows);

/// RUN/onnxruntime.json, as `node bench/onnx.mjs --json RUN` prints it; none where there is no such file. Throws Error
/// where it is malformed.
std::vector<ReportedCost> read_onnxruntime(const fs::path& run_folder);

}  // namespace limbeck
