#include "serve/compared.h"

#include <algorithm>

#include "core/json.h"
#include "report/compared_runs.h"
#include "report/json_fields.h"
#include "report/metric_format.h"
#include "serve/http.h"

namespace limbeck {
namespace {

/// Keys of measures on the split that any run has; those of single classes are too many to list.
Json metrics_of(const ComparedRuns& compared) {
  std::vector<std::string> keys;
  for (const NamedRun& run : compared.runs)
    for (const ReportedStage& stage : run.results.stages)
      if (const ReportedEvaluation* evaluation = stage.evaluation(compared.split))
        for (const auto& [key, number] : evaluation->measures)
          if (key.find('.') == std::string::npos && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  Json metrics = Json::array();
  for (const std::string& key : keys) metrics.push_back({{"key", key}, {"label", metric_format(key).label}});
  return metrics;
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
      if (const auto number = parse_reported_number(stage["number"])) stage["text"] = format.formatted(*number);
    for (Json& comparison : json["comparisons"]) {
      const ReportedNumber difference{.mean = comparison["difference"].get<double>()};
      comparison["text"] = format.difference(difference, 0);
    }
    json["runs"] = ids;
    json["metrics"] = metrics_of(compared);
    return json;
  } catch (const Error& problem) {
    if (problem.kind() == ErrorKind::usage) throw HttpError(400, problem.what());
    throw;
  }
}

}  // namespace limbeck
