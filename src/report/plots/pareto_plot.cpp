#include "report/plots/pareto_plot.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/json.h"
#include "report/plots/plot_style.h"
#include "results/json_fields.h"
#include "results/keys.h"

namespace limbeck {
namespace {

/// Median latency in one of the runtimes, and accuracy; nothing where one is not known.
std::optional<Tradeoff> tradeoff_of(const CostRow& row, bool in_onnxruntime) {
  const Cost* cost = row.cost ? &*row.cost : nullptr;
  if (in_onnxruntime) cost = row.onnxruntime ? &row.onnxruntime->cost : nullptr;
  if (cost == nullptr || !(cost->latency.median > 0) || !row.accuracy) return std::nullopt;
  return Tradeoff{cost->latency.median, *row.accuracy};
}

bool beats(const Tradeoff& one, const Tradeoff& other) {
  return one.cost <= other.cost && one.value >= other.value && (one.cost < other.cost || one.value > other.value);
}

}  // namespace

bool is_of_onnxruntime(const std::vector<BenchRow>& models) {
  return std::any_of(models.begin(), models.end(),
                     [](const BenchRow& model) { return model.row.onnxruntime.has_value(); });
}

std::vector<size_t> pareto_front(const std::vector<Tradeoff>& tradeoffs) {
  std::vector<size_t> front;
  for (size_t i = 0; i < tradeoffs.size(); ++i)
    if (std::none_of(tradeoffs.begin(), tradeoffs.end(),
                     [&](const Tradeoff& other) { return beats(other, tradeoffs[i]); }))
      front.push_back(i);
  std::stable_sort(front.begin(), front.end(),
                   [&](size_t left, size_t right) { return tradeoffs[left].cost < tradeoffs[right].cost; });
  return front;
}

void mark_pareto_front(std::vector<BenchRow>& models) {
  std::vector<Tradeoff> tradeoffs;
  std::vector<BenchRow*> known;
  const bool in_onnxruntime = is_of_onnxruntime(models);
  for (BenchRow& model : models) {
    model.on_front.reset();
    const std::optional<Tradeoff> tradeoff = tradeoff_of(model.row, in_onnxruntime);
    if (!tradeoff) continue;
    model.on_front = false;
    tradeoffs.push_back(*tradeoff);
    known.push_back(&model);
  }
  for (const size_t i : pareto_front(tradeoffs)) known[i]->on_front = true;
}

std::optional<SvgPlot> pareto_plot(const std::vector<BenchRow>& models) {
  SvgPlot::Line front{.name = "on the Pareto front", .points = {}, .colour = 0};
  SvgPlot::Line beaten{
      .name = "slower and less accurate than another", .points = {}, .colour = kNeutralColour, .points_only = true};
  std::vector<double> latencies;
  const bool in_onnxruntime = is_of_onnxruntime(models);
  for (const BenchRow& model : models) {
    const std::optional<Tradeoff> tradeoff = tradeoff_of(model.row, in_onnxruntime);
    if (!tradeoff) continue;
    const double latency = std::stod(fmt::format("{:.3g}", tradeoff->cost));  // its ticks are these numbers
    latencies.push_back(latency);
    SvgPlot::Line& line = model.on_front == true ? front : beaten;
    line.points.push_back({.x = latency, .y = 100 * tradeoff->value, .label = model.row.name});
  }
  if (latencies.empty()) return std::nullopt;
  std::stable_sort(front.points.begin(), front.points.end(),
                   [](const SvgPlot::Point& left, const SvgPlot::Point& right) { return left.x < right.x; });
  SvgPlot plot;
  plot.title = "Accuracy against latency";
  plot.x_label = fmt::format("latency of one example in {}, ms", in_onnxruntime ? "onnxruntime" : "LibTorch");
  plot.y_label = "accuracy, %";
  if (spread_over_decades(latencies)) {
    plot.x_scale = PlotScale::logarithmic;
    plot.x_label += " (log scale)";
  }
  plot.width = 640;
  plot.plot_height = 300;
  plot.names = SvgPlot::Names::legend;
  plot.lines = {std::move(beaten), std::move(front)};
  return plot;
}

}  // namespace limbeck
