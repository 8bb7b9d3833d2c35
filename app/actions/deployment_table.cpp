#include "app/actions/deployment_table.h"

#include <fmt/core.h>

#include <cmath>

#include "core/json.h"
#include "core/text.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

std::string percent(const Json& value) {
  return value.is_number() ? fmt::format("{:.2f} %", 100 * value.get<double>()) : "";
}

std::string size_text(double bytes) {
  return bytes >= 1e6 ? fmt::format("{:.1f} MB", bytes / 1e6) : fmt::format("{:.0f} kB", bytes / 1e3);
}

std::string counted(const Json& value) {
  return value.is_number() ? with_commas(value.get<int64_t>()) : "";
}

std::string milliseconds(const Json& value) {
  if (!value.is_number()) return "";
  const auto number = value.get<double>();
  return fmt::format("{:.{}f} ms", number, number < 0.1 ? 3 : number < 10 ? 2 : 1);
}

std::string memory_text(const Json& row) {
  const Json memory = row.value("memory", Json());
  return memory.is_null() ? "" : size_text(memory["peak"].get<double>());
}

/// "3.2x", how many times less than the first.
std::string ratio(double first, double value) {
  return value > 0 ? fmt::format("{:.1f}x", first / value) : "";
}

/// What the peaks of memory have in common: the program itself.
std::string memory_note(const Json& rows) {
  double before = 0;
  size_t known = 0;
  for (const Json& row : rows) {
    const Json memory = row.value("memory", Json());
    if (memory.is_null()) continue;
    before += memory["before"].get<double>();
    ++known;
  }
  if (known == 0) return "";
  return fmt::format(
      "Memory: the most that a process which runs this network alone, on one example at a time, has held, of which {} "
      "before the "
      "network was read.\n",
      size_text(before / static_cast<double>(known)));
}

/// Of the rows, what was measured in LibTorch.
Json in_libtorch(const Json& rows) {
  Json found = Json::array();
  for (const Json& row : rows)
    if (row["latency"].is_object()) found.push_back(row);
  return found;
}

/// What was measured in onnxruntime, in the form of the others: with the size of the ONNX file.
Json in_onnxruntime(const Json& rows) {
  Json found = Json::array();
  for (const Json& row : rows) {
    if (!row.value("onnxruntime", Json()).is_object()) continue;
    found.push_back(row);
    found.back().update(row["onnxruntime"]);
    if (row["latency"].is_object()) found.back()["memory"] = nullptr;  // was that of LibTorch
  }
  return found;
}

std::string throughput_table(const Json& rows, size_t width) {
  if (rows.front().value("throughput", Json::array()).empty()) return "";
  std::vector<TextColumn> columns = {{"examples/s in batches of", Align::left}};
  for (const Json& at : rows.front()["throughput"])
    columns.push_back({with_commas(at["batch"].get<int64_t>()), Align::right, 1});
  TextTable table(columns);
  for (const Json& row : rows) {
    std::vector<std::string> cells = {row["name"].get<std::string>()};
    for (const Json& at : row["throughput"])
      cells.push_back(with_commas(std::llround(at["examples_per_second"].get<double>())));
    table.add(std::move(cells));
  }
  return "\n" + table.text(width);
}

/// `runtime` heads the column of names.
std::string runtime_table(const std::string& runtime, const Json& rows, size_t width) {
  if (rows.empty()) return "";
  const auto bytes_of = [](const Json& row) { return row["bytes"].get<double>(); };
  const auto latency_of = [](const Json& row) { return row["latency"]["median"].get<double>(); };
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
  for (const Json& row : rows)
    table.add({row["name"].get<std::string>(), percent(row["accuracy"]), percent(row["agreement"]),
               counted(row["parameters"]), counted(row.value("multiply_adds", Json())), size_text(bytes_of(row)),
               ratio(bytes_of(rows.front()), bytes_of(row)), memory_text(row), milliseconds(row["latency"]["median"]),
               milliseconds(row["latency"]["p95"]), milliseconds(row["latency"].value("p99", Json())),
               ratio(latency_of(rows.front()), latency_of(row))});
  return table.text(width) + throughput_table(rows, width) + "\n";
}

}  // namespace

std::string cost_table(const Json& rows, size_t width) {
  if (rows.empty()) return "";
  const Json shipped = in_onnxruntime(rows);
  return runtime_table("in LibTorch", in_libtorch(rows), width) + runtime_table("as ONNX file", shipped, width) +
         "Latency of one example on this machine, median, 95th and 99th percentile; smaller and faster than the "
         "first.\n" +
         (shipped.empty() ? "" : "What ships is the ONNX file, measured in onnxruntime.\n") + memory_note(rows);
}

std::string deployment_table(const Json& results, size_t width) {
  return results.contains("deployment") && !results["deployment"].empty()
             ? cost_table(results["deployment"], width) + "\n"
             : "";
}

}  // namespace limbeck
