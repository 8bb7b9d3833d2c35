#include "report/reported_cost.h"

#include "core/error.h"
#include "core/json.h"
#include "report/json_fields.h"

namespace limbeck {
namespace {

/// What all rows say; `latency` holds its quantiles.
ReportedCost parse_cost(const std::string& name, const Json& measured, const Json& latency) {
  ReportedCost cost;
  cost.name = name;
  cost.bytes = json_integer(measured, "bytes");
  cost.median = json_number(latency, "median");
  cost.p95 = json_number(latency, "p95");
  cost.p99 = json_number(latency, "p99");
  return cost;
}

/// Of a row of "deployment": `measured` is the row, or what it holds of another runtime.
ReportedCost parse_row(const Json& row, const Json& measured) {
  ReportedCost cost = parse_cost(json_text(row, "name"), measured, json_field(measured, "latency"));
  cost.accuracy = json_number(row, "accuracy");
  cost.parameters = json_integer(row, "parameters");
  for (const Json& at : json_items(json_field(measured, "throughput")))
    cost.examples_per_second = json_integer(at, "examples_per_second");
  return cost;
}

}  // namespace

std::vector<ReportedCost> parse_deployment(const Json& rows) {
  std::vector<ReportedCost> costs;
  for (const Json& row : json_items(rows))
    if (json_field(row, "latency").is_object()) costs.push_back(parse_row(row, row));
  return costs;
}

std::vector<ReportedCost> parse_shipped(const Json& rows) {
  std::vector<ReportedCost> costs;
  for (const Json& row : json_items(rows))
    if (json_field(row, "onnxruntime").is_object()) costs.push_back(parse_row(row, json_field(row, "onnxruntime")));
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
  for (const Json& row : rows) {
    if (json_text(row, "name").empty())
      throw Error(
          fmt::format("'{}' has a row without a name; expected what bench/onnx.mjs --json prints", file.string()));
    ReportedCost& cost = costs.emplace_back(parse_cost(json_text(row, "name"), row, row));
    cost.examples_per_second = json_integer(row, "examples_per_second");
    cost.errors = json_integer(row, "errors");
    cost.libtorch_errors = json_integer(row, "libtorch_errors");
  }
  return costs;
}

}  // namespace limbeck
