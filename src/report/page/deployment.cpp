// What each network costs, in size and in time for one example, beside the first one: the teacher, where the run has
// its network.
#include <fmt/core.h>

#include <algorithm>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"

namespace limbeck {
namespace {

std::string kilobytes(std::optional<int64_t> bytes) {
  return bytes ? fmt::format("{:.1f}", static_cast<double>(*bytes) / 1e3) : "–";
}
std::string milliseconds(std::optional<double> value) {
  return value ? fmt::format("{:.3f}", *value) : "–";
}
std::string format_count(std::optional<int64_t> value) {
  return value ? with_commas(*value) : "–";
}

/// "26.8×": how many times less than the first.
template <class Number>
std::string times(std::optional<Number> first, std::optional<Number> own) {
  if (!first || !own || static_cast<double>(*own) <= 0) return "–";
  return fmt::format("{:.1f}×", static_cast<double>(*first) / static_cast<double>(*own));
}

std::string table(const std::vector<ReportedCost>& costs) {
  const auto any = [&](auto member) {
    return std::any_of(costs.begin(), costs.end(),
                       [&](const ReportedCost& cost) { return (cost.*member).has_value(); });
  };
  const bool accuracies = any(&ReportedCost::accuracy), parameters = any(&ReportedCost::parameters),
             errors = any(&ReportedCost::errors), rates = any(&ReportedCost::examples_per_second);
  const auto head = [](const char* name) { return fmt::format("<th class=\"number\">{}</th>", name); };
  std::string html = "<div class=\"wide\"><table class=\"results stacked\"><thead><tr><th>network</th>";
  if (accuracies) html += head("accuracy");
  if (errors) html += head("test errors") + head("in LibTorch");
  if (parameters) html += head("parameters");
  for (const char* name : {"kB", "smaller", "median ms", "95 %", "99 %", "faster"}) html += head(name);
  if (rates) html += head("examples/s");
  html += "</tr></thead>\n<tbody>\n";
  for (const ReportedCost& cost : costs) {
    html += fmt::format("<tr><td>{}</td>", html_escape(cost.name));
    if (accuracies) html += table_cell("accuracy", cost.accuracy ? fmt::format("{:.2f} %", 100 * *cost.accuracy) : "–");
    if (errors)
      html += table_cell("test errors", format_count(cost.errors)) +
              table_cell("in LibTorch", format_count(cost.libtorch_errors));
    if (parameters) html += table_cell("parameters", format_count(cost.parameters));
    html += table_cell("kB", kilobytes(cost.bytes)) + table_cell("smaller", times(costs.front().bytes, cost.bytes)) +
            table_cell("median ms", milliseconds(cost.median)) + table_cell("95 %", milliseconds(cost.p95)) +
            table_cell("99 %", milliseconds(cost.p99)) + table_cell("faster", times(costs.front().median, cost.median));
    if (rates) html += table_cell("examples/s", format_count(cost.examples_per_second));
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace

std::string deployment_section(const Page& page) {
  std::string html;
  if (!page.costs.empty()) html += "<h3>In LibTorch</h3>\n" + table(page.costs);
  if (!page.onnxruntime.empty()) html += "<h3>As ONNX files, in onnxruntime</h3>\n" + table(page.onnxruntime);
  if (html.empty()) return "";
  return note(
             "Latency is that of one example on the machine that measured, median, 95th and 99th percentile; examples "
             "per second are those of batches; "
             "smaller and faster than the first network.") +
         html;
}

}  // namespace limbeck
