// The promise: how accurate each network is, against how large it is and how long it takes.
#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "report/html.h"
#include "report/page/curves.h"
#include "report/page/sections.h"
#include "report/plots/svg_plot.h"
#include "results/keys.h"

namespace limbeck {
namespace {

constexpr size_t kMostPlaced = 10;  // names beside the dots
constexpr int kTradeoffWidth = 440, kTradeoffHeight = 190;
constexpr double kMargin = 0.12;  // of the range of accuracies, above and below, for the names

using CostReading = std::function<std::optional<double>(const PageStage&)>;

/// Three digits, which the ticks of the axis then are.
double short_number(double value) {
  return std::stod(fmt::format("{:.3g}", value));
}

std::vector<const PageStage*> placed_networks(const Page& page) {
  std::vector<const PageStage*> all;
  for (const PageStage& network : page.given) all.push_back(&network);
  for (const PageStage* stage : chosen_stages(page, kMostPlaced, [](const PageStage&) { return true; }))
    all.push_back(stage);
  return all;
}

/// Empty where fewer than two networks have both numbers, or all cost the same.
std::string tradeoff_figure(const Page& page, const std::string& title, const std::string& x_label,
                            const CostReading& cost) {
  SvgPlot plot{.title = title,
               .x_label = x_label,
               .y_label = "accuracy, %",
               .lines = {},
               .width = kTradeoffWidth,
               .plot_height = kTradeoffHeight,
               .names = SvgPlot::Names::points};
  std::vector<double> costs, accuracies;
  for (const PageStage* network : placed_networks(page)) {
    const Spread* accuracy = network->result->measure(page.split, keys::kAccuracy);
    const std::optional<double> x = cost(*network);
    if (accuracy == nullptr || !x || *x <= 0) continue;
    costs.push_back(short_number(*x));
    accuracies.push_back(100 * accuracy->mean);
    SvgPlot::Point point{.x = costs.back(), .y = 100 * accuracy->mean, .label = network->result->name};
    if (accuracy->deviation) point.deviation = 100 * *accuracy->deviation;
    plot.lines.push_back(
        {.name = network->result->name, .points = {std::move(point)}, .colour = network->colour, .points_only = true});
  }
  if (std::equal(costs.begin() + !costs.empty(), costs.end(), costs.begin())) return "";
  const auto [low, high] = std::minmax_element(accuracies.begin(), accuracies.end());
  plot.y_covers = {*low - kMargin * (*high - *low), *high + kMargin * (*high - *low)};
  if (spread_over_decades(costs)) {
    plot.x_scale = PlotScale::logarithmic;
    plot.x_label += " (log scale)";
  }
  return figure_of(plot);
}

CostReading count_of(std::optional<int64_t> ReportedStage::*count) {
  return [count](const PageStage& network) {
    return network.result->*count ? std::optional(static_cast<double>(*(network.result->*count))) : std::nullopt;
  };
}

}  // namespace

std::string tradeoff_section(const Page& page) {
  const auto latency = [&](const PageStage& network) -> std::optional<double> {
    const ReportedCost* cost = page.cost_of(network.result->name);
    return cost != nullptr ? cost->median : std::nullopt;
  };
  std::string time = tradeoff_figure(page, "Accuracy and latency", "one example in LibTorch, ms", latency);
  if (time.empty())
    time = tradeoff_figure(page, "Accuracy and computation", "multiply-adds of one example",
                           count_of(&ReportedStage::multiply_adds));
  const std::string figures =
      tradeoff_figure(page, "Accuracy and size", "parameters", count_of(&ReportedStage::parameters)) + time;
  if (figures.empty()) return "";
  return note(html_escape(fmt::format("Up and to the left is better. Accuracy on the {}{}.",
                                      page.run.split_note(page.split),
                                      page.several_seeds() ? "; bars: one standard deviation over the seeds" : ""))) +
         fmt::format("<div class=\"figures large\">\n{}</div>\n", figures);
}

}  // namespace limbeck
