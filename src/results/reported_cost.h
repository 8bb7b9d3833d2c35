#pragma once
// Inference cost of a run's networks.
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
  std::optional<int64_t> examples_per_second;  ///< in batches, not one by one
  std::optional<int64_t> errors;               ///< of the file in a runtime other than LibTorch, on the test split
  std::optional<int64_t> libtorch_errors;
};

/// Returns the LibTorch measurements of the rows of "deployment".
std::vector<ReportedCost> costs_in_libtorch(const std::vector<CostRow>& rows);

/// Returns the ONNX Runtime measurements of the same rows.
std::vector<ReportedCost> costs_of_files(const std::vector<CostRow>& rows);

/// Reads RUN/onnxruntime.json, as printed by `node bench/onnx.mjs --json RUN`; empty if there is no such file. Throws
/// Error if it is malformed.
std::vector<ReportedCost> read_onnxruntime(const fs::path& run_folder);

}  // namespace limbeck
