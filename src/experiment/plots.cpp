#include "experiment/plots.h"

#include <algorithm>
#include <map>

#include "core/json.h"
#include "results/binding.h"
#include "results/epoch_metrics.h"

namespace limbeck {
namespace {

struct MeasuredNumber {
  Number mean;
  std::optional<double> deviation;  ///< over the seeds
};

/// Nothing where the stage has none.
std::optional<MeasuredNumber> number_on(const StageResult& stage, const std::string& split, const std::string& metric) {
  const Metrics* metrics = stage.evaluations.find(split);
  const MetricValue* found = metrics == nullptr ? nullptr : metrics->find(metric);
  const Number* mean = found == nullptr ? nullptr : std::get_if<Number>(found);
  if (mean == nullptr) return std::nullopt;
  const Spreads* over_seeds = stage.over_seeds ? stage.over_seeds->find(split) : nullptr;
  const Spread* spread = over_seeds == nullptr ? nullptr : over_seeds->spread(metric);
  return MeasuredNumber{.mean = *mean, .deviation = spread == nullptr ? std::nullopt : spread->deviation};
}

/// The metric at each epoch, over the seeds.
std::vector<PlotResult::Point> epoch_points(const PlotRecipe& plot, const std::string& stage,
                                            const std::vector<RunFolder>& seeds) {
  std::map<int64_t, std::vector<double>> values;
  for (const RunFolder& folder : seeds)
    for (const EpochMetrics& epoch : folder.stage(stage).read_epochs())
      if (const EpochSplit* on = epoch.on(plot.split))
        if (const auto number = on->number(plot.metric)) values[epoch.epoch].push_back(*number);
  std::vector<PlotResult::Point> points;
  for (const auto& [epoch, of_seeds] : values) {
    const Spread over = spread_of(of_seeds);
    points.push_back({.x = epoch, .stage = stage, .y = over.mean, .deviation = over.deviation});
  }
  return points;
}

std::vector<PlotResult::Point> line_points(const PlotRecipe& plot, const PlotRecipe::Line& line,
                                           const std::vector<StageResult>& stages,
                                           const std::vector<RunFolder>& seeds) {
  std::vector<PlotResult::Point> points;
  for (const PlotRecipe::Point& point : line.points) {
    if (point.stage.empty()) {
      points.push_back({.x = point.x, .stage = {}, .y = point.value, .deviation = {}});
      continue;
    }
    const auto stage = std::find_if(stages.begin(), stages.end(),
                                    [&](const StageResult& result) { return result.name == point.stage; });
    if (stage == stages.end()) continue;
    if (plot.x == "epoch") return epoch_points(plot, point.stage, seeds);
    const std::optional<MeasuredNumber> y = number_on(*stage, plot.split, plot.metric);
    const bool has_own_x = plot.x == "value" || plot.x == "stage";
    const std::optional<MeasuredNumber> x =
        has_own_x ? MeasuredNumber{.mean = point.x, .deviation = {}} : number_on(*stage, plot.split, plot.x);
    if (x && y) points.push_back({.x = x->mean, .stage = point.stage, .y = y->mean, .deviation = y->deviation});
  }
  return points;
}

}  // namespace

std::vector<PlotResult> plots_of(const Recipe& recipe, const std::vector<StageResult>& stages,
                                 const std::vector<RunFolder>& seeds) {
  std::vector<PlotResult> plots;
  for (const PlotRecipe& plot : recipe.plots) {
    PlotResult& result = plots.emplace_back();
    result.title = plot.title;
    result.x_label = plot.x_label;
    result.y_label = plot.split + " " + plot.metric;
    result.log_x = plot.log_x;
    result.log_y = plot.log_y;
    for (const PlotRecipe::Line& line : plot.lines)
      result.lines.push_back({.name = line.name, .points = line_points(plot, line, stages, seeds)});
    if (plot.x != "stage") continue;
    std::vector<std::string>& names = result.categories.emplace();
    for (const PlotRecipe::Line& line : plot.lines) {
      names.resize(std::max(names.size(), line.points.size()));
      for (size_t i = 0; i < line.points.size(); ++i)
        if (names[i].empty()) names[i] = line.points[i].stage;
    }
  }
  return plots;
}

}  // namespace limbeck
