#include "app/actions/deployment_table.h"

#include <fmt/core.h>

#include <cmath>

#include "core/text.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f} %", 100 * *value) : "";
}

std::string size_text(double bytes) {
  return bytes >= 1e6 ? fmt::format("{:.1f} MB", bytes / 1e6) : fmt::format("{:.0f} kB", bytes / 1e3);
}

std::string count_text(const std::optional<int64_t>& value) {
  return value ? with_commas(*value) : "";
}

std::string milliseconds(const std::optional<double>& value) {
  return value ? fmt::format("{:.{}f} ms", *value, *value < 0.1 ? 3 : *value < 10 ? 2 : 1) : "";
}

/// "3.2x", how many times less than the first.
std::string ratio(double first, double value) {
  return value > 0 ? fmt::format("{:.1f}x", first / value) : "";
}

/// What the peaks of memory have in common: the program itself.
std::string memory_note(const std::vector<CostRow>& rows) {
  double before = 0;
  size_t known = 0;
  for (const CostRow& row : rows) {
    if (!row.memory) continue;
    before += row.memory_before.value_or(0);
    ++known;
  }
  if (known == 0) return "";
  return fmt::format(
      "Memory: peak of a process that runs only this network, one example at a time; {} of it before the network was "
      "loaded.\n",
      size_text(before / static_cast<double>(known)));
}

/// Of the rows, what was measured in LibTorch.
std::vector<CostRow> in_libtorch(const std::vector<CostRow>& rows) {
  std::vector<CostRow> found;
  for (const CostRow& row : rows)
    if (row.cost) found.push_back(row);
  return found;
}

/// What was measured in onnxruntime, in the form of the others: with the size of the ONNX file.
std::vector<CostRow> in_onnxruntime(const std::vector<CostRow>& rows) {
  std::vector<CostRow> found;
  for (const CostRow& row : rows) {
    if (!row.onnxruntime) continue;
    CostRow& shipped = found.emplace_back(row);
    if (row.cost) shipped.memory.reset();  // was that of LibTorch
    shipped.bytes = row.onnxruntime->bytes;
    shipped.cost = row.onnxruntime->cost;
  }
  return found;
}

std::string throughput_table(const std::vector<CostRow>& rows, size_t width) {
  if (rows.front().cost->throughput.empty()) return "";
  std::vector<TextColumn> columns = {{"examples/s in batches of", Align::left}};
  for (const Throughput& at : rows.front().cost->throughput)
    columns.push_back({with_commas(at.batch), Align::right, 1});
  TextTable table(columns);
  for (const CostRow& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const Throughput& at : row.cost->throughput)
      cells.push_back(with_commas(std::llround(at.examples_per_second)));
    table.add(std::move(cells));
  }
  return "\n" + table.text(width);
}

/// Of rows that all have a cost; `runtime` heads the column of names.
std::string runtime_table(const std::string& runtime, const std::vector<CostRow>& rows, size_t width) {
  if (rows.empty()) return "";
  TextTable table({{runtime},
                   {"accuracy", Align::right, 1},
                   {"agreement", Align::right, 4},
                   {"parameters", Align::right, 3},
                   {"multiply-adds", Align::right, 5},
                   {"file", Align::right, 2},
                   {"smaller", Align::right, 1},
                   {"memory", Align::right, 4},
                   {"latency", Align::right},
                   {"p95", Align::right, 6},
                   {"p99", Align::right, 6},
                   {"faster", Align::right, 1}});
  const Latency& first = rows.front().cost->latency;
  for (const CostRow& row : rows) {
    const Latency& latency = row.cost->latency;
    const auto bytes = static_cast<double>(row.bytes);
    table.add({row.name, percent(row.accuracy), percent(row.agreement), count_text(row.parameters),
               count_text(row.multiply_adds), size_text(bytes), ratio(static_cast<double>(rows.front().bytes), bytes),
               row.memory ? size_text(*row.memory) : "", milliseconds(latency.median), milliseconds(latency.p95),
               milliseconds(latency.p99), ratio(first.median, latency.median)});
  }
  return table.text(width) + throughput_table(rows, width) + "\n";
}

}  // namespace

std::string cost_table(const std::vector<CostRow>& rows, size_t width) {
  if (rows.empty()) return "";
  const std::vector<CostRow> shipped = in_onnxruntime(rows);
  return runtime_table("in LibTorch", in_libtorch(rows), width) + runtime_table("as ONNX file", shipped, width) +
         "Latency of one example on this machine, median, 95th and 99th percentile; smaller and faster than the "
         "first.\n" +
         (shipped.empty() ? "" : "What ships is the ONNX file, measured in onnxruntime.\n") + memory_note(rows);
}

std::string deployment_table(const RunResults& results, size_t width) {
  return results.deployment && !results.deployment->empty() ? cost_table(*results.deployment, width) + "\n" : "";
}

}  // namespace limbeck
