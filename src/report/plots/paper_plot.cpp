#include "report/plots/paper_plot.h"

#include "report/paper.h"
#include "report/plots/plot_style.h"
#include "results/keys.h"

namespace limbeck {
namespace {

bool counts_errors(const std::string& key) {
  return key == keys::kErrors || key == keys::kMemberErrors || key.starts_with("class_errors.");
}

/// "distilled", or "distilled: errors on 3" for what is not all of its errors.
std::string category(const ReportedStage& stage, const std::string& key) {
  return key == keys::kErrors || key == keys::kAccuracy ? stage.name : stage.name + ": " + metric_format(key).label;
}

bool spread(const SvgPlot& plot) {
  std::vector<double> values;
  for (const SvgPlot::Line& line : plot.lines)
    for (const SvgPlot::Point& point : line.points) values.push_back(point.y);
  return spread_over_decades(values);
}

/// What the papers give of some measures, and ours; no points where they give none.
template <class Chooses>
SvgPlot plot_of(const ReportedRun& run, const std::string& split, const Chooses& chooses) {
  SvgPlot::Line ours{.name = "ours", .points = {}, .colour = 0}, papers{.name = "paper", .points = {}};
  ours.points_only = papers.points_only = true;
  papers.colour = kNeutralColour;
  SvgPlot plot;
  for (const ReportedStage& stage : run.stages)
    for (const PaperComparison& comparison : paper_comparisons(stage, split)) {
      if (!chooses(comparison.key)) continue;
      const auto x = static_cast<double>(plot.categories.size());
      plot.categories.push_back(category(stage, comparison.key));
      papers.points.push_back({x, comparison.paper_value});
      if (const Spread* number = stage.measure(split, comparison.key))
        ours.points.push_back({x, number->mean, number->deviation});
    }
  plot.lines = {ours, papers};
  return plot;
}

bool is_empty(const SvgPlot& plot) {
  return plot.lines.front().points.empty();
}

}  // namespace

std::optional<SvgPlot> paper_plot(const ReportedRun& run) {
  const std::string split = run.main_split();
  SvgPlot plot = plot_of(run, split, counts_errors);
  const bool of_errors = !is_empty(plot);
  if (!of_errors) plot = plot_of(run, split, [](const std::string& key) { return key == keys::kAccuracy; });
  if (is_empty(plot)) return std::nullopt;
  plot.title = "Ours and the paper’s";
  plot.y_label = split + (of_errors ? " errors" : " accuracy");
  if (of_errors && spread(plot)) {
    plot.y_scale = PlotScale::logarithmic;
    plot.y_label += " (log scale)";
  }
  plot.width = categorical_width(plot.categories.size());
  return plot;
}

}  // namespace limbeck
