#include "serve/compared.h"

#include <algorithm>

#include "core/json.h"
#include "report/compared_runs.h"
#include "report/page/compared_curves.h"
#include "results/metric_format.h"
#include "serve/http.h"
#include "serve/recipe_differences.h"
#include "serve/run_progress.h"

namespace limbeck {
namespace {

/// Keys of measures on the split that any run has; those of single classes are too many to list.
Json metrics_of(const ComparedRuns& compared) {
  std::vector<std::string> keys;
  for (const NamedRun& run : compared.runs)
    for (const ReportedStage& stage : run.results.stages)
      if (const ReportedEvaluation* evaluation = stage.evaluation(compared.split))
        for (const auto& [key, number] : evaluation->measures)
          if (key.find('.') == std::string::npos && std::find(keys.begin(), keys.end(), key) == keys.end())
            keys.push_back(key);
  Json metrics = Json::array();
  for (const std::string& key : keys) metrics.push_back({{"key", key}, {"label", metric_format(key).label}});
  return metrics;
}

/// The curves of stages that the runs have in common, as markup.
std::string curves_of(const std::vector<ServedRun>& runs) {
  std::vector<Page> pages;
  for (const ServedRun& run : runs) pages.push_back(read_page(run.folder()));
  std::vector<NamedPage> named;
  for (size_t i = 0; i < runs.size(); ++i) named.push_back({runs[i].id(), &pages[i]});
  return compared_curves(named);
}

Json differences_of_recipes(const std::vector<ServedRun>& runs) {
  std::vector<Json> recipes;
  for (const ServedRun& run : runs) {
    const std::optional<Recipe> recipe = recipe_of(run);
    recipes.push_back(recipe ? resolve(*recipe) : Json());
  }
  return recipe_differences(recipes);
}

}  // namespace

Json compared_json(const std::vector<ServedRun>& runs, const CompareOptions& options) {
  std::vector<fs::path> folders;
  Json ids = Json::array();
  for (const ServedRun& run : runs) {
    run.check_contained();
    if (!run.file("results.json")) throw HttpError(400, fmt::format("the run '{}' has no results yet", run.id()));
    folders.push_back(run.folder());
    ids.push_back(run.id());
  }
  try {
    const ComparedRuns compared = read_comparison(folders, options);
    Json json = comparison_json(folders, options);
    const MetricFormat format = metric_format(options.metric);
    for (Json& stage : json["stages"])
      if (const auto number = parse_reported_number(stage["number"])) stage["text"] = format.format(*number);
    for (Json& comparison : json["comparisons"]) {
      const Spread difference{.mean = comparison["difference"].get<double>()};
      comparison["text"] = format.difference(difference, 0);
    }
    json["runs"] = ids;
    json["metrics"] = metrics_of(compared);
    json["curves"] = curves_of(runs);
    json["recipes"] = differences_of_recipes(runs);
    return json;
  } catch (const Error& problem) {
    if (problem.kind() == ErrorKind::usage) throw HttpError(400, problem.what());
    throw;
  }
}

}  // namespace limbeck
