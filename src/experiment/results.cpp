#include "experiment/results.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <fmt/chrono.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <ctime>
#include <fstream>
#include <map>
#include <numeric>

#include "core/json.h"
#include "core/text.h"
#include "core/version.h"

namespace limbeck {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// "Debian GNU/Linux 12 (bookworm), Linux 6.1.0"
std::string system_name() {
  std::ifstream file("/etc/os-release");
  std::string text;
  for (std::string line; std::getline(file, line);)
    if (constexpr std::string_view kKey = "PRETTY_NAME=\""; line.starts_with(kKey))
      text = line.substr(kKey.size(), line.rfind('"') - kKey.size()) + ", ";
  utsname kernel{};
  return text + (uname(&kernel) == 0 ? fmt::format("{} {}", kernel.sysname, kernel.release) : "unknown");
}

/// The numbers of several runs under one name, nested maps included: means in place of numbers, and their spreads.
void combine_numbers(const std::vector<Json>& runs, Json& means, Json& spreads) {
  for (auto& [metric, value] : means.items()) {
    if (metric == "examples") continue;
    std::vector<Json> found;
    for (const Json& run : runs)
      if (run.is_object() && run.contains(metric)) found.push_back(run[metric]);
    if (value.is_object()) {
      Json inner = Json::object();
      combine_numbers(found, value, inner);
      if (!inner.empty()) spreads[metric] = std::move(inner);
      continue;
    }
    std::vector<double> values;
    for (const Json& number : found)
      if (number.is_number()) values.push_back(number.get<double>());
    if (values.empty()) continue;
    spreads[metric] = spread(values);
    value = spreads[metric]["mean"];
  }
  means.erase("errors_of_members");  // a list for each seed, in its own results.json
}

/// The rows of specialists::by_coverage of all seeds, added up.
Json combine_coverage(const std::vector<Json>& stages) {
  std::map<int64_t, std::array<int64_t, 3>> sums;
  constexpr const char* kCounts[] = {"examples", "generalist_correct", "correct"};
  for (const Json& stage : stages)
    for (const Json& row : stage["specialists"]["by_coverage"])
      for (size_t i = 0; i < 3; ++i) sums[row["specialists"].get<int64_t>()][i] += row[kCounts[i]].get<int64_t>();
  Json rows = Json::array();
  for (const auto& [specialists, counts] : sums) {
    Json row = {{"specialists", specialists}};
    for (size_t i = 0; i < 3; ++i) row[kCounts[i]] = counts[i];
    row["relative_gain"] =
        counts[1] > 0 ? Json(static_cast<double>(counts[2]) / static_cast<double>(counts[1]) - 1) : Json(nullptr);
    rows.push_back(std::move(row));
  }
  return rows;
}

/// One stage of several runs: the first run's entry with its numbers replaced by means.
Json combine_stage(const std::vector<Json>& runs, size_t index) {
  Json combined = runs.front()["stages"][index];
  std::vector<Json> stages;
  for (const Json& run : runs) stages.push_back(run["stages"][index]);
  const auto mean_at = [&](const Json::json_pointer& place) {
    std::vector<double> values;
    for (const Json& stage : stages)
      if (stage.contains(place) && stage[place].is_number()) values.push_back(stage[place].get<double>());
    if (!values.empty()) combined[place] = spread(values)["mean"];
  };
  for (const char* place :
       {"/seconds", "/examples_per_second", "/epochs", "/calibration/offset", "/calibration/errors_before",
        "/calibration/errors_after", "/stopped/epoch", "/stopped/kept_epoch", "/specialists/generalist_accuracy",
        "/specialists/accuracy", "/specialists/relative_gain", "/specialists/conditional_accuracy/generalist",
        "/specialists/conditional_accuracy/specialists", "/specialists/adjusted_rand_index", "/quantized/errors_before",
        "/quantized/errors_after"})
    mean_at(Json::json_pointer(place));
  combined["over_seeds"] = Json::object();
  for (auto& [split, means] : combined["evaluations"].items()) {
    std::vector<Json> of_split;
    for (const Json& stage : stages) of_split.push_back(stage["evaluations"].value(split, Json::object()));
    combined["over_seeds"][split] = Json::object();
    combine_numbers(of_split, means, combined["over_seeds"][split]);
  }
  for (const char* key : {"members", "curves", "intervals"})
    combined.erase(key);  // each seed's own results.json has them
  if (combined.contains("specialists")) {
    for (const char* key : {"groups", "group_of_class"}) combined["specialists"].erase(key);
    combined["specialists"]["by_coverage"] = combine_coverage(stages);
  }
  combined["note"] = stage_note(combined);
  return combined;
}

/// 3 → "3", 3.25 → "3.2"
std::string counted(const Json& number) {
  const auto value = number.get<double>();
  return value == std::round(value) ? with_commas(std::llround(value)) : fmt::format("{:.1f}", value);
}

}  // namespace

Json spread(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {{"mean", mean},
          {"deviation", count > 1 ? Json(std::sqrt(squares / (count - 1))) : Json(nullptr)},
          {"values", values}};
}

std::string stage_note(const Json& entry) {
  std::string note;
  if (entry.contains("calibration")) {
    const Json& found = entry["calibration"];
    const auto offset = found["offset"].get<double>();
    const auto classes = found["classes"].get<std::vector<std::string>>();
    return fmt::format("bias of {} {} {} by {:.2f}, tuned on {} {} examples{}: {} errors there before, {} after",
                       classes.size() == 1 ? "class" : "classes", fmt::join(classes, ", "),
                       offset < 0 ? "lowered" : "raised", std::abs(offset), counted(found["examples"]),
                       found["tuned_on"].get<std::string>(),
                       found["tuned_on"] == "test" ? " (the paper's way; no fair measure)" : "",
                       counted(found["errors_before"]), counted(found["errors_after"]));
  }
  if (entry.contains("specialists")) {
    const Json& found = entry["specialists"];
    const auto percent = [](const Json& number) {
      return number.is_null() ? "–" : fmt::format("{:.2f} %", 100 * number.get<double>());
    };
    note = fmt::format("{} specialists: accuracy {} → {} ({} relative), among each one's classes {} → {}",
                       found["count"].get<int64_t>(), percent(found["generalist_accuracy"]), percent(found["accuracy"]),
                       percent(found["relative_gain"]), percent(found["conditional_accuracy"]["generalist"]),
                       percent(found["conditional_accuracy"]["specialists"]));
    if (!found["adjusted_rand_index"].is_null())
      note +=
          fmt::format("; adjusted Rand index with the superclasses {:.2f}", found["adjusted_rand_index"].get<double>());
    return note;
  }
  if (entry.contains("alignment")) {
    const Json& found = entry["alignment"];
    return fmt::format(
        "{} rounds; the last gave {:.1f} % of the training frames another state, by which all that follows is measured",
        found["rounds"].get<int64_t>(), 100 * found["changed"]["train"].get<double>());
  }
  if (entry.contains("quantized")) {
    const Json& found = entry["quantized"];
    const double before = found["errors_before"].get<double>(), after = found["errors_after"].get<double>();
    note =
        fmt::format("in bytes: {} test errors, {} before ({:+.2f} points of accuracy)", counted(found["errors_after"]),
                    counted(found["errors_before"]), 100 * (before - after) / found["test_examples"].get<double>());
    if (found.contains("onnx_bytes"))
      note += fmt::format("; {:.0f} kB as ONNX, {:.0f} before", found["onnx_bytes"].get<double>() / 1e3,
                          found["onnx_bytes_before"].get<double>() / 1e3);
    if (entry.contains("stopped")) note += "; ";
  }
  if (entry.contains("stopped")) {
    const Json& stopped = entry["stopped"];
    const std::string end =
        fmt::format("stopped after {} of {} epochs", counted(stopped["epoch"]), counted(stopped["epochs"]));
    note += stopped["kept_epoch"] == stopped["epoch"]
                ? end
                : fmt::format("{}, keeps epoch {}", end, counted(stopped["kept_epoch"]));
  }
  if (entry.contains("replicas")) {
    const Json& test = entry["evaluations"]["test"];
    note += fmt::format("{}{} mean of {} networks{}, {} test errors; the networks make {} on average",
                        note.empty() ? "" : "; ", entry["replicas"]["mean"].get<std::string>(),
                        counted(entry["replicas"]["count"]),
                        entry["replicas"]["together"] == true ? " trained together" : "", counted(test["errors"]),
                        counted(test["member_errors"]));
  }
  return note;
}

Json environment(const std::string& device) {
  return {{"system", system_name()},
          {"processor", processor_name()},
          {"memory", fmt::format("{:.1f} GB", static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                                                  static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e9)},
          {"threads", at::get_num_threads()},
          {"torch", TORCH_VERSION},
          {"device", device},
          {"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
}

Json results_header(const Recipe& recipe) {
  return {{"name", recipe.name},
          {"format", 1},
          {"version", kVersion},
          {"commit", built_commit()},
          {"paper", resolved_paper(recipe)}};
}

Json combine_seeds(const std::vector<Json>& runs) {
  Json combined = runs.front();
  combined.erase("seed");
  combined.erase("deployment");  // of each seed's networks, in its own results.json
  combined["seeds"] = Json::array();
  for (const Json& run : runs) combined["seeds"].push_back(run["seed"]);
  for (size_t i = 0; i < combined["stages"].size(); ++i) {
    combined["stages"][i] = combine_stage(runs, i);
    if (!combined["stages"][i].contains("weights")) continue;
    combined["stages"][i].erase("weights");
    for (const Json& run : runs)
      combined["stages"][i]["weights_of_seeds"].push_back("seed-" + run["seed"].dump() + "/" +
                                                          run["stages"][i]["weights"].get<std::string>());
  }
  return combined;
}

}  // namespace limbeck
