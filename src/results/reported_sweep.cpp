#include "results/reported_sweep.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "results/binding.h"
#include "results/json_fields.h"
#include "results/keys.h"

namespace limbeck {
namespace {

/// The part of a path behind its last `steps` dots; all of it where it has fewer.
std::string last_steps(const std::string& path, size_t steps) {
  size_t at = path.size();
  for (; steps > 0 && at != std::string::npos; --steps) at = at == 0 ? std::string::npos : path.rfind('.', at - 1);
  return at == std::string::npos ? path : path.substr(at + 1);
}

ReportedSweep::Point reported_point(const SweepPointResult& result, const ReportedSweep& sweep) {
  ReportedSweep::Point point;
  for (const std::string& key : sweep.keys) point.values.push_back(json_field(result.values, key));
  point.run = result.run;
  point.status = result.status;
  point.message = result.message.value_or("");
  if (!result.results) return point;
  for (const auto& [split, numbers] : *result.results)
    if (const Spread* number = numbers.spread(sweep.metric)) point.results.emplace_back(split, *number);
  return point;
}

}  // namespace

const Spread* ReportedSweep::Point::on(const std::string& split) const {
  if (status != "done") return nullptr;
  const auto found =
      std::find_if(results.begin(), results.end(), [&](const auto& result) { return result.first == split; });
  return found == results.end() ? nullptr : &found->second;
}

const ReportedSweep::Point* ReportedSweep::best() const {
  if (chosen_on.empty()) return nullptr;
  const bool lower_is_better = metric_format(metric).lower_is_better;
  const Point* best = nullptr;
  for (const Point& point : points) {
    const Spread* number = point.on(chosen_on);
    if (number == nullptr) continue;
    const double gain = best == nullptr ? 1.0 : best->on(chosen_on)->mean - number->mean;
    if (best == nullptr || (lower_is_better ? gain > 0 : gain < 0)) best = &point;
  }
  return best;
}

std::string ReportedSweep::settings(const Point& point) const {
  std::string text;
  for (size_t i = 0; i < keys.size(); ++i)
    text += (text.empty() ? "" : ", ") + names[i] + " " + setting_text(point.values[i]);
  return text;
}

ReportedSweep reported_sweep(const SweepResults& results) {
  ReportedSweep sweep;
  sweep.name = results.name;
  sweep.keys = results.keys;
  sweep.names = short_names(sweep.keys);
  sweep.metric = results.metric.empty() ? keys::kErrors : results.metric;
  sweep.stage = results.stage;
  if (results.chosen_on && *results.chosen_on != keys::kTest) sweep.chosen_on = *results.chosen_on;
  sweep.seeds = results.seeds;
  for (const SweepPointResult& point : results.points) sweep.points.push_back(reported_point(point, sweep));
  return sweep;
}

ReportedSweep parse_reported_sweep(const Json& json) {
  return reported_sweep(from_json<SweepResults>(json));
}

SweepResults read_sweep_results(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "sweep.json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    throw Error(fmt::format("'{}' holds no sweep.json; expected the folder of a sweep", folder.string()));
  const Json json = read_json(file);
  if (!json_field(json, keys::kPoints).is_array())
    throw Error(fmt::format("'{}' has no list of points; expected the results of a sweep", file.string()));
  return from_json<SweepResults>(json);
}

ReportedSweep read_reported_sweep(const std::filesystem::path& folder) {
  return reported_sweep(read_sweep_results(folder));
}

std::string setting_text(const Json& value) {
  if (value.is_null()) return "";
  if (const auto number = json_number(value)) return fmt::format("{:.6g}", *number);  // 1 − 0.9 is written as 0.1
  return value.is_structured() ? value.dump() : json_text(value);
}

std::vector<std::string> short_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    const auto told_apart = [&](size_t steps) {
      return std::none_of(paths.begin(), paths.end(), [&](const std::string& other) {
        return other != path && last_steps(other, steps) == last_steps(path, steps);
      });
    };
    size_t steps = 1;
    while (!told_apart(steps) && last_steps(path, steps) != path) ++steps;
    names.push_back(last_steps(path, steps));
  }
  return names;
}

}  // namespace limbeck
