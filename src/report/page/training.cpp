// Curves over the epochs. With several seeds each has a thin line, and their mean a thick one.
#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "report/plot_style.h"
#include "report/statistics.h"
#include "report/svg_plot.h"

namespace limbeck {
namespace {
constexpr size_t kMostOpenStages = 6;
constexpr size_t kMostPoints = 300;  // per line; of longer runs every second, third, … epoch is drawn
constexpr int kSmallWidth = 360, kSmallHeight = 170, kBroadWidth = 1100, kBroadHeight = 280;

/// What is drawn of an epoch, where it has it.
using Reading = std::function<std::optional<double>(const ReportedEpoch&)>;

Reading error_percent(std::optional<double> ReportedEpoch::*accuracy) {
  return [accuracy](const ReportedEpoch& epoch) -> std::optional<double> {
    return epoch.*accuracy ? std::optional(100 * (1 - *(epoch.*accuracy))) : std::nullopt;
  };
}

Reading term(const std::string& name) {
  return [name](const ReportedEpoch& epoch) -> std::optional<double> {
    for (const auto& [key, value] : epoch.terms)
      if (key == name) return value;
    return std::nullopt;
  };
}

std::optional<double> train_loss(const ReportedEpoch& epoch) {
  return epoch.train_loss;
}
std::optional<double> learning_rate(const ReportedEpoch& epoch) {
  return epoch.learning_rate;
}

std::vector<SvgPlot::Point> thinned(const std::vector<SvgPlot::Point>& points) {
  const size_t stride = (points.size() + kMostPoints - 1) / kMostPoints;
  if (stride <= 1) return points;
  std::vector<SvgPlot::Point> kept;
  for (size_t i = 0; i < points.size(); i += stride) kept.push_back(points[i]);
  if (kept.back().x != points.back().x) kept.push_back(points.back());
  return kept;
}

std::vector<SvgPlot::Point> seed_curve(const std::vector<ReportedEpoch>& epochs, const Reading& reading) {
  std::vector<SvgPlot::Point> points;
  for (const ReportedEpoch& epoch : epochs)
    if (const auto value = reading(epoch)) points.push_back({static_cast<double>(epoch.epoch), *value});
  return thinned(points);
}

/// The mean over the seeds, for the epochs that all of them have.
std::vector<SvgPlot::Point> mean_curve(const PageStage& stage, const Reading& reading) {
  std::map<int64_t, std::vector<double>> values;
  for (const auto& epochs : stage.epochs)
    for (const ReportedEpoch& epoch : epochs)
      if (const auto value = reading(epoch)) values[epoch.epoch].push_back(*value);
  std::vector<SvgPlot::Point> points;
  for (const auto& [epoch, of_seeds] : values)
    if (of_seeds.size() == stage.epochs.size())
      points.push_back({static_cast<double>(epoch), mean_of(of_seeds), deviation_of(of_seeds)});
  return thinned(points);
}

/// Adds one reading of a stage to a chart: one line, or one thin line for each seed and their mean.
void add_curve(const PageStage& stage, const std::string& name, int colour, const Reading& reading, SvgPlot& plot) {
  SvgPlot::Line main;
  main.name = name;
  main.colour = colour;
  main.bars = false;
  main.points = stage.epochs.size() == 1 ? seed_curve(stage.epochs.front(), reading) : mean_curve(stage, reading);
  if (main.points.empty()) return;
  if (stage.epochs.size() > 1) {
    for (const auto& epochs : stage.epochs) {
      SvgPlot::Line seed{.name = "", .points = seed_curve(epochs, reading), .colour = colour, .faint = true};
      seed.bars = false;
      plot.lines.push_back(std::move(seed));
    }
  }
  plot.lines.push_back(std::move(main));
}

SvgPlot curves(const std::string& title, const std::string& y_label) {
  SvgPlot plot;
  plot.title = title;
  plot.x_label = "epoch";
  plot.y_label = y_label;
  plot.width = kSmallWidth;
  plot.plot_height = kSmallHeight;
  plot.names = SvgPlot::Names::legend;
  return plot;
}

std::vector<double> positive_values(const SvgPlot& plot) {
  std::vector<double> values = plot.y_covers;
  for (const SvgPlot::Line& line : plot.lines)
    for (const SvgPlot::Point& point : line.points)
      if (point.y > 0) values.push_back(point.y);  // an error of zero is drawn at the lower border
  return values;
}

std::string figure(const SvgPlot& plot) {
  if (plot.lines.empty()) return "";
  return fmt::format("<figure><figcaption>{}</figcaption>\n{}</figure>\n", html_escape(plot.title), svg_plot(plot));
}

/// With a logarithmic axis where the values are spread so far that they ask for it.
SvgPlot suitably_scaled(SvgPlot plot) {
  if (!spread_over_decades(positive_values(plot))) return plot;
  plot.y_scale = PlotScale::logarithmic;
  plot.y_label += " (log scale)";
  return plot;
}

/// The terms of all stages' objectives, each with its hue: from the far end of the palette, so that they are not taken
/// for stages.
std::map<std::string, int> term_colours(const Page& page) {
  std::map<std::string, int> colours;
  for (const PageStage& stage : page.stages)
    for (const auto& epochs : stage.epochs)
      for (const auto& [name, value] : epochs.front().terms)
        colours.emplace(name, kPlotColours - 1 - static_cast<int>(colours.size()) % kPlotColours);
  return colours;
}

SvgPlot error_curves(const PageStage& stage) {
  SvgPlot errors = curves("Error", "error, %");
  add_curve(stage, "train", kNeutralColour, error_percent(&ReportedEpoch::train_accuracy), errors);
  add_curve(stage, "validation", stage.colour, error_percent(&ReportedEpoch::validation_accuracy), errors);
  return errors;
}

/// The lowest and the highest error of any stage, so that all stages' charts show the same range.
std::vector<double> error_range(const Page& page) {
  std::vector<double> values;
  for (const PageStage& stage : page.stages) {
    if (stage.epochs.empty()) continue;
    const std::vector<double> of_stage = positive_values(error_curves(stage));
    values.insert(values.end(), of_stage.begin(), of_stage.end());
  }
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

std::string stage_figures(const PageStage& stage, const std::map<std::string, int>& colours,
                          const std::vector<double>& error_range) {
  SvgPlot losses = curves("Training loss", "loss on train");
  const auto& terms = stage.epochs.front().front().terms;
  if (terms.size() != 1) add_curve(stage, terms.empty() ? "loss" : "sum", kNeutralColour, train_loss, losses);
  for (const auto& [name, value] : terms) add_curve(stage, name, colours.at(name), term(name), losses);
  SvgPlot errors = error_curves(stage);
  errors.y_covers = error_range;
  SvgPlot rates = curves("Learning rate", "per update");
  add_curve(stage, "learning rate", kNeutralColour, learning_rate, rates);
  // Schedules end near zero: only a linear axis shows their shape.
  return figure(suitably_scaled(losses)) + figure(suitably_scaled(errors)) + figure(rates);
}

/// All stages in one chart: the validation error where the run has a validation split, else the training error. Once
/// for broad screens and once for narrow ones, where names at the lines' ends would leave no room for the lines.
std::string overview(const Page& page) {
  const auto any_has = [&](std::optional<double> ReportedEpoch::*accuracy) {
    return std::any_of(page.stages.begin(), page.stages.end(), [&](const PageStage& stage) {
      return !stage.epochs.empty() &&
             std::any_of(stage.epochs.front().begin(), stage.epochs.front().end(),
                         [&](const ReportedEpoch& epoch) { return (epoch.*accuracy).has_value(); });
    });
  };
  const bool validation = any_has(&ReportedEpoch::validation_accuracy);
  const auto accuracy = validation ? &ReportedEpoch::validation_accuracy : &ReportedEpoch::train_accuracy;
  SvgPlot narrow = curves(validation ? "Validation error of all stages" : "Training error of all stages", "error, %");
  for (const PageStage& stage : page.stages)
    if (!stage.epochs.empty()) add_curve(stage, stage.result->name, stage.colour, error_percent(accuracy), narrow);
  if (narrow.lines.size() < 2) return "";
  SvgPlot broad = narrow;
  broad.width = kBroadWidth;
  broad.plot_height = kBroadHeight;
  broad.names = SvgPlot::Names::direct;
  return fmt::format("<div class=\"figures whole broad\">{}</div>\n<div class=\"figures whole narrow\">{}</div>\n",
                     figure(suitably_scaled(broad)), figure(suitably_scaled(narrow)));
}

std::string explanation(const Page& page) {
  std::string text =
      "The training numbers are averages over each epoch’s examples, taken while the network was learning";
  for (const auto& [split, examples] : page.run.splits)
    if (split == "validation" && examples > 0)
      text += fmt::format("; validation, {} examples, is measured at the ends of epochs", with_commas(examples));
  const bool several = std::any_of(page.stages.begin(), page.stages.end(),
                                   [](const PageStage& stage) { return stage.epochs.size() > 1; });
  if (!several) return text + ".";
  return text + fmt::format(". Thin: each {}; thick: their mean.", page.several_seeds() ? "seed" : "network");
}

}  // namespace

std::string training_section(const Page& page) {
  const std::map<std::string, int> colours = term_colours(page);
  const std::vector<double> errors = error_range(page);
  std::string stages;
  size_t shown = 0;
  for (const PageStage& stage : page.stages) {
    if (stage.epochs.empty()) continue;
    const char* open = ++shown <= kMostOpenStages ? " open" : "";
    stages += fmt::format("<details{}><summary>{}</summary>\n<div class=\"figures\">\n{}</div></details>\n", open,
                          stage_label(stage), stage_figures(stage, colours, errors));
  }
  return stages.empty() ? "" : note(explanation(page)) + overview(page) + stages;
}

}  // namespace limbeck
