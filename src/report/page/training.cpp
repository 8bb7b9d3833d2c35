// How the stages learned: what they make of examples that none of them learns from, in one chart; what each was shown,
// folded.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/text.h"
#include "report/html.h"
#include "report/page/curves.h"
#include "report/page/sections.h"
#include "report/plots/plot_style.h"
#include "results/keys.h"

namespace limbeck {
namespace {

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
  SvgPlot errors = epoch_chart("Error", "error, %");
  add_curve(stage, "train", kNeutralColour, error_percent(&ReportedEpoch::train_accuracy), errors);
  add_curve(stage, "validation", stage.colour, error_percent(&ReportedEpoch::validation_accuracy), errors);
  return errors;
}

/// The lowest and the highest error of any stage, so that all stages' charts show the same range.
std::vector<double> common_error_range(const Page& page) {
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
  SvgPlot losses = epoch_chart("Training loss", "loss on train");
  const auto& terms = stage.epochs.front().front().terms;
  if (terms.size() != 1) add_curve(stage, terms.empty() ? "loss" : "sum", kNeutralColour, train_loss, losses);
  for (const auto& [name, value] : terms) add_curve(stage, name, colours.at(name), term(name), losses);
  SvgPlot errors = error_curves(stage);
  errors.y_covers = error_range;
  return figure_of(choose_axis_scale(losses)) + figure_of(choose_axis_scale(errors));
}

bool same_points(const std::vector<SvgPlot::Point>& one, const std::vector<SvgPlot::Point>& other) {
  return std::equal(
      one.begin(), one.end(), other.begin(), other.end(),
      [](const SvgPlot::Point& left, const SvgPlot::Point& right) { return left.x == right.x && left.y == right.y; });
}

/// Of all stages, those with the same schedule as one line. Schedules end near zero: only a linear axis shows their
/// shape.
SvgPlot learning_rates(const Page& page) {
  SvgPlot rates = epoch_chart("Learning rate", "per update");
  for (const PageStage& stage : page.stages) {
    if (stage.epochs.empty()) continue;
    SvgPlot::Line line{
        .name = stage.result->name, .points = mean_curve(stage, learning_rate), .colour = stage.colour, .bars = false};
    const auto same = std::find_if(rates.lines.begin(), rates.lines.end(),
                                   [&](const SvgPlot::Line& other) { return same_points(other.points, line.points); });
    if (same != rates.lines.end())
      same->name += ", " + line.name;
    else if (!line.points.empty())
      rates.lines.push_back(std::move(line));
  }
  return rates;
}

/// All stages in one chart: the error on held-out examples, where the run has some.
std::string overview(const Page& page) {
  const Reading held_out = error_percent(&ReportedEpoch::validation_accuracy);
  const bool validation = any_reads(page.stages, held_out);
  SvgPlot all = epoch_chart(validation ? "Error on held-out examples" : "Error on the training examples", "error, %");
  for (const PageStage& stage : page.stages)
    if (!stage.epochs.empty())
      add_curve(stage, stage.result->name, stage.colour,
                validation ? held_out : error_percent(&ReportedEpoch::train_accuracy), all);
  const auto named =
      std::count_if(all.lines.begin(), all.lines.end(), [](const SvgPlot::Line& line) { return !line.faint; });
  if (named < 2) return "";
  return whole_figure(all) +
         (validation
              ? ""
              : note("This run holds no examples out (<code>validation: 0</code>), so these are errors on what was "
                     "learned. They are no measure of a "
                     "student: one that learns soft targets may make more of them, and fewer on the test split."));
}

std::string explanation(const Page& page) {
  std::string text;
  for (const auto& [split, examples] : page.run.splits)
    if (split == keys::kValidation && examples > 0)
      text += fmt::format("Held out: {} examples that no stage learns from, measured at the ends of epochs. ",
                          with_commas(examples));
  text += "The training numbers are averages over each epoch’s examples, taken while the network was learning";
  const bool several = std::any_of(page.stages.begin(), page.stages.end(),
                                   [](const PageStage& stage) { return stage.epochs.size() > 1; });
  if (!several) return text + ".";
  return text + fmt::format(". Thin: each {}; thick: their mean.", page.several_seeds() ? "seed" : "network");
}

}  // namespace

std::string training_section(const Page& page) {
  const std::map<std::string, int> colours = term_colours(page);
  const std::vector<double> errors = common_error_range(page);
  std::string stages;
  for (const PageStage& stage : page.stages)
    if (!stage.epochs.empty())
      stages += fmt::format("<h3>{}</h3>\n<div class=\"figures\">\n{}</div>\n", stage_label(stage),
                            stage_figures(stage, colours, errors));
  if (stages.empty()) return "";
  stages += fmt::format("<div class=\"figures\">\n{}</div>\n", figure_of(learning_rates(page)));
  const std::string all = overview(page);
  return note(explanation(page)) + all +
         fmt::format("<details{}><summary>Losses, errors and learning rate of each stage</summary>\n{}</details>\n",
                     all.empty() ? " open" : "", stages);
}

}  // namespace limbeck
