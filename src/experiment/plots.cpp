#include "experiment/plots.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <sstream>

#include "core/json.h"
#include "results/results.h"

namespace limbeck {
namespace {

const Json* stage_named(const Json& stages, const std::string& name) {
  for (const Json& stage : stages)
    if (stage["name"] == name) return &stage;
  return nullptr;
}

/// A stage's number with its deviation over the seeds, {"mean", "deviation"}; null where it has none.
Json measured(const Json& stage, const std::string& split, const std::string& metric) {
  const Json& evaluations = stage["evaluations"];
  if (!evaluations.contains(split) || !evaluations[split].value(metric, Json()).is_number()) return nullptr;
  Json number = {{"mean", evaluations[split][metric]}, {"deviation", nullptr}};
  if (stage.contains("over_seeds")) number["deviation"] = stage["over_seeds"][split][metric]["deviation"];
  return number;
}

/// The metric at each epoch, over the seeds.
Json epoch_points(const PlotRecipe& plot, const std::string& stage, const std::vector<RunFolder>& seeds) {
  std::map<int64_t, std::vector<double>> values;
  for (const RunFolder& folder : seeds) {
    const fs::path file = folder.stage(stage).metrics();
    if (!fs::exists(file)) continue;
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) {
      const Json epoch = parse_json_line(line).value_or(Json::object());
      if (!epoch.is_object() || !epoch.value(plot.split, Json()).is_object()) continue;
      values[epoch["epoch"].get<int64_t>()].push_back(epoch[plot.split][plot.metric].get<double>());
    }
  }
  Json points = Json::array();
  for (const auto& [epoch, of_seeds] : values) {
    const Json over = spread(of_seeds);
    points.push_back({{"x", epoch}, {"stage", stage}, {"y", over["mean"]}, {"deviation", over["deviation"]}});
  }
  return points;
}

Json line_points(const PlotRecipe& plot, const PlotRecipe::Line& line, const Json& stages,
                 const std::vector<RunFolder>& seeds) {
  Json points = Json::array();
  for (const PlotRecipe::Point& point : line.points) {
    if (point.stage.empty()) {
      points.push_back({{"x", point.x}, {"y", point.value}, {"deviation", nullptr}});
      continue;
    }
    const Json* stage = stage_named(stages, point.stage);
    if (stage == nullptr) continue;
    if (plot.x == "epoch") return epoch_points(plot, point.stage, seeds);
    const Json y = measured(*stage, plot.split, plot.metric);
    const bool given = plot.x == "value" || plot.x == "stage";
    const Json x = given ? Json{{"mean", point.x}} : measured(*stage, plot.split, plot.x);
    if (!y.is_null() && !x.is_null())
      points.push_back({{"x", x["mean"]}, {"stage", point.stage}, {"y", y["mean"]}, {"deviation", y["deviation"]}});
  }
  return points;
}

}  // namespace

Json plot_values(const Recipe& recipe, const Json& stages, const std::vector<RunFolder>& seeds) {
  Json plots = Json::array();
  for (const PlotRecipe& plot : recipe.plots) {
    Json lines = Json::array();
    for (const PlotRecipe::Line& line : plot.lines)
      lines.push_back({{"name", line.name}, {"points", line_points(plot, line, stages, seeds)}});
    Json values = {{"title", plot.title}, {"x_label", plot.x_label}, {"y_label", plot.split + " " + plot.metric},
                   {"log_x", plot.log_x}, {"log_y", plot.log_y},     {"lines", lines}};
    if (plot.x == "stage") {
      std::vector<std::string> names;
      for (const PlotRecipe::Line& line : plot.lines) {
        names.resize(std::max(names.size(), line.points.size()));
        for (size_t i = 0; i < line.points.size(); ++i)
          if (names[i].empty()) names[i] = line.points[i].stage;
      }
      values["categories"] = names;
    }
    plots.push_back(std::move(values));
  }
  return plots;
}

}  // namespace limbeck
