#include "app/deployment_table.h"

#include <fmt/core.h>

#include "core/text.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

std::string percent(const Json& value) { return value.is_number() ? fmt::format("{:.2f} %", 100 * value.get<double>()) : "–"; }

std::string size_text(double bytes) {
  return bytes >= 1e6 ? fmt::format("{:.1f} MB", bytes / 1e6) : fmt::format("{:.0f} kB", bytes / 1e3);
}

/// "3.2x", how many times less than the first.
std::string ratio(double first, double value) { return value > 0 ? fmt::format("{:.1f}x", first / value) : "–"; }

}  // namespace

std::string deployment_table(const Json& results) {
  if (!results.contains("deployment") || results["deployment"].empty()) return "";
  const Json& rows = results["deployment"];
  const auto bytes_of = [](const Json& row) { return row["bytes"].get<double>(); };
  const auto latency_of = [](const Json& row) { return row["latency"]["median"].get<double>(); };
  TextTable table({{"network", Align::left}, {"accuracy", Align::right}, {"agreement", Align::right}, {"parameters", Align::right},
                   {"file", Align::right}, {"smaller", Align::right}, {"latency", Align::right}, {"p95", Align::right}, {"faster", Align::right}});
  for (const Json& row : rows)
    table.add({row["name"].get<std::string>(), percent(row["accuracy"]), percent(row["agreement"]),
               with_commas(row["parameters"].get<int64_t>()), size_text(bytes_of(row)), ratio(bytes_of(rows.front()), bytes_of(row)),
               fmt::format("{:.2f} ms", latency_of(row)), fmt::format("{:.2f} ms", row["latency"]["p95"].get<double>()),
               ratio(latency_of(rows.front()), latency_of(row))});
  return table.text() + "Latency of one example on this machine, median and 95th percentile; smaller and faster than the first.\n\n";
}

}  // namespace limbeck
