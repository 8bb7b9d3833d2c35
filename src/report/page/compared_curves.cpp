#include "report/page/compared_curves.h"

#include <fmt/core.h>

#include <algorithm>

#include "report/page/curves.h"

namespace limbeck {
namespace {

constexpr size_t kMostComparedStages = 8;

const PageStage* trained_stage(const Page& page, const std::string& name) {
  for (const PageStage& stage : page.stages)
    if (stage.result->name == name && !stage.epochs.empty()) return &stage;
  return nullptr;
}

/// Those with a teacher first.
std::vector<std::string> compared_stages(const std::vector<NamedPage>& runs) {
  std::vector<std::string> names;
  for (const bool taught : {true, false})
    for (const NamedPage& run : runs)
      for (const PageStage& stage : run.page->stages) {
        const std::string& name = stage.result->name;
        const auto count = std::count_if(runs.begin(), runs.end(), [&](const NamedPage& other) {
          return trained_stage(*other.page, name) != nullptr;
        });
        if (taught == !stage.result->teacher.empty() && count > 1 &&
            std::find(names.begin(), names.end(), name) == names.end())
          names.push_back(name);
      }
  if (names.size() > kMostComparedStages) names.resize(kMostComparedStages);
  return names;
}

SvgPlot chart_of(const std::string& stage, const std::vector<NamedPage>& runs) {
  const Reading held_out = error_percent(&ReportedEpoch::validation_accuracy);
  const bool validation = std::all_of(runs.begin(), runs.end(), [&](const NamedPage& run) {
    const PageStage* found = trained_stage(*run.page, stage);
    return found == nullptr || !mean_curve(*found, held_out).empty();
  });
  SvgPlot plot = epoch_chart(stage, validation ? "error on held-out examples, %" : "error on the training examples, %");
  int colour = 0;
  for (const NamedPage& run : runs) {
    if (const PageStage* found = trained_stage(*run.page, stage))
      add_curve(*found, run.name, colour, validation ? held_out : error_percent(&ReportedEpoch::train_accuracy), plot);
    ++colour;
  }
  return choose_axis_scale(plot);
}

}  // namespace

std::string compared_curves(const std::vector<NamedPage>& runs) {
  std::string figures;
  for (const std::string& stage : compared_stages(runs)) figures += figure_of(chart_of(stage, runs));
  return figures.empty() ? "" : fmt::format("<div class=\"figures\">\n{}</div>\n", figures);
}

}  // namespace limbeck
