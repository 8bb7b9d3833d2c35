#include "results/results.h"

#include "results/binding.h"
#include "results/run_results.h"

namespace limbeck {

Json spread(const std::vector<double>& values) {
  return spread_of(values).json();
}

std::string stage_note(const Json& entry) {
  return from_json<StageResult>(entry).note();
}

Json results_header(const Recipe& recipe) {
  Json header = Json::object();
  const Json all = to_json(results_of(recipe));
  for (const char* key : {"name", "format", "version", "commit", "paper"}) header[key] = all[key];
  return header;
}

Json combine_seeds(const std::vector<Json>& runs) {
  std::vector<RunResults> seeds;
  for (const Json& run : runs) seeds.push_back(from_json<RunResults>(run));
  return to_json(combine_seeds(seeds));
}

}  // namespace limbeck
