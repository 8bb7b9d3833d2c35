#include "results/reported_cost.h"

#include <cmath>

#include "core/error.h"
#include "core/json.h"
#include "results/binding.h"

namespace limbeck {
namespace {

/// Nothing where it was not measured.
std::optional<double> if_positive(double value) {
  return value > 0 ? std::optional(value) : std::nullopt;
}

/// Of a row, what was measured in one runtime.
ReportedCost reported_cost(const CostRow& row, uintmax_t bytes, const Cost& measured) {
  ReportedCost cost;
  cost.name = row.name;
  cost.accuracy = row.accuracy;
  cost.parameters = row.parameters;
  if (bytes > 0) cost.bytes = static_cast<int64_t>(bytes);
  cost.median = if_positive(measured.latency.median);
  cost.p95 = if_positive(measured.latency.p95);
  cost.p99 = measured.latency.p99;
  if (!measured.throughput.empty())
    if (const auto rate = if_positive(measured.throughput.back().examples_per_second))
      cost.examples_per_second = std::llround(*rate);
  return cost;
}

}  // namespace

std::vector<ReportedCost> costs_in_libtorch(const std::vector<CostRow>& rows) {
  std::vector<ReportedCost> costs;
  for (const CostRow& row : rows)
    if (row.cost) costs.push_back(reported_cost(row, row.bytes, *row.cost));
  return costs;
}

std::vector<ReportedCost> costs_of_files(const std::vector<CostRow>& rows) {
  std::vector<ReportedCost> costs;
  for (const CostRow& row : rows)
    if (row.onnxruntime) costs.push_back(reported_cost(row, row.onnxruntime->bytes, row.onnxruntime->cost));
  return costs;
}

std::vector<ReportedCost> read_onnxruntime(const fs::path& run_folder) {
  const fs::path file = run_folder / "onnxruntime.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  const Json rows = read_json(file);
  if (!rows.is_array())
    throw Error(fmt::format("'{}' holds no list; expected what bench/onnx.mjs --json prints", file.string()));
  std::vector<ReportedCost> costs;
  for (const auto& row : list_from_json<OnnxruntimeRow>(rows)) {
    if (row.name.empty())
      throw Error(
          fmt::format("'{}' has a row without a name; expected what bench/onnx.mjs --json prints", file.string()));
    costs.push_back({.name = row.name,
                     .accuracy = std::nullopt,
                     .parameters = std::nullopt,
                     .bytes = row.bytes,
                     .median = row.median,
                     .p95 = row.p95,
                     .p99 = row.p99,
                     .examples_per_second = row.examples_per_second,
                     .errors = row.errors,
                     .libtorch_errors = row.libtorch_errors});
  }
  return costs;
}

}  // namespace limbeck
