#include "experiment/results.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <torch/types.h>
#include <torch/version.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <numeric>

#include "core/version.h"

namespace limbeck {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

Json spread(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {{"mean", mean}, {"deviation", count > 1 ? Json(std::sqrt(squares / (count - 1))) : Json(nullptr)}, {"values", values}};
}

/// One stage of several runs: the first run's entry with its numbers replaced by means.
Json combine_stage(const std::vector<Json>& runs, size_t index) {
  Json combined = runs.front()["stages"][index];
  const auto values_of = [&](const auto& pick) {
    std::vector<double> values;
    for (const Json& run : runs)
      if (const Json value = pick(run["stages"][index]); value.is_number()) values.push_back(value.get<double>());
    return values;
  };
  for (const char* key : {"seconds", "examples_per_second"}) {
    const auto values = values_of([&](const Json& stage) { return stage.value(key, Json()); });
    if (!values.empty()) combined[key] = spread(values)["mean"];
  }
  Json means = combined["evaluations"], spreads = Json::object();
  for (auto& [split, evaluation] : means.items()) {
    for (auto& [metric, value] : evaluation.items()) {
      if (metric == "examples") continue;
      const auto values = values_of([&, split = split, metric = metric](const Json& stage) {
        return stage["evaluations"].value(split, Json::object()).value(metric, Json());
      });
      if (values.empty()) continue;
      spreads[split][metric] = spread(values);
      value = spreads[split][metric]["mean"];
    }
  }
  combined["evaluations"] = std::move(means);
  combined["over_seeds"] = std::move(spreads);
  return combined;
}

}  // namespace

Json environment(const std::string& device) {
  return {{"processor", processor_name()},
          {"threads", at::get_num_threads()},
          {"torch", TORCH_VERSION},
          {"device", device},
          {"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
}

Json results_header(const Recipe& recipe) {
  Json paper = Json::object();
  for (const auto& [stage, metrics] : recipe.paper) paper[stage] = metrics;
  return {{"name", recipe.name}, {"format", 1}, {"version", kVersion}, {"paper", paper}};
}

Json combine_seeds(const std::vector<Json>& runs) {
  Json combined = runs.front();
  combined.erase("seed");
  combined["seeds"] = Json::array();
  for (const Json& run : runs) combined["seeds"].push_back(run["seed"]);
  for (size_t i = 0; i < combined["stages"].size(); ++i) {
    combined["stages"][i] = combine_stage(runs, i);
    combined["stages"][i].erase("weights");
    for (const Json& run : runs)
      combined["stages"][i]["weights_of_seeds"].push_back("seed-" + run["seed"].dump() + "/" +
                                                          run["stages"][i]["weights"].get<std::string>());
  }
  return combined;
}

Json plot_values(const Recipe& recipe, const Json& stages) {
  Json plots = Json::array();
  const auto stage_named = [&](const std::string& name) -> const Json* {
    for (const Json& stage : stages)
      if (stage["name"] == name && stage["evaluations"].contains("test")) return &stage;
    return nullptr;
  };
  for (const PlotRecipe& plot : recipe.plots) {
    Json lines = Json::array();
    for (const PlotRecipe::Line& line : plot.lines) {
      Json points = Json::array();
      for (const auto& [x, name] : line.points) {
        const Json* stage = stage_named(name);
        if (stage == nullptr) continue;
        Json deviation;
        if (stage->contains("over_seeds")) deviation = (*stage)["over_seeds"]["test"][plot.metric]["deviation"];
        points.push_back({{"x", x}, {"stage", name}, {"y", (*stage)["evaluations"]["test"][plot.metric]}, {"deviation", deviation}});
      }
      lines.push_back({{"name", line.name}, {"points", points}});
    }
    plots.push_back({{"title", plot.title}, {"x_label", plot.x_label}, {"y_label", "test " + plot.metric},
                     {"log_x", plot.log_x}, {"lines", lines}});
  }
  return plots;
}

}  // namespace limbeck
