#include "experiment/run_folder.h"

#include <chrono>
#include <sstream>

#include "core/error.h"
#include "core/json.h"

namespace limbeck {
namespace {

Json to_json(const SplitMetrics& metrics) {
  return {{"examples", metrics.examples}, {"loss", metrics.loss}, {"accuracy", metrics.accuracy}, {"errors", metrics.errors}};
}

}  // namespace

std::optional<Json> StageFolder::finished() const {
  if (!fs::exists(stage())) return std::nullopt;
  return read_json(stage());
}

void StageFolder::finish(const Json& description) const {
  write_file(stage(), description.dump(1) + "\n");
  std::error_code ignored;
  fs::remove(checkpoint(), ignored);
}

void StageFolder::copy_from(const StageFolder& other) const {
  const auto copy = [](const fs::path& from, const fs::path& to) {
    if (fs::exists(from)) write_file(to, read_file(from));
  };
  copy(other.weights(), weights());
  copy(other.program(), program());
  copy(other.labels(), labels());
  copy(other.evaluation(), evaluation());
  copy(other.metrics(), metrics());
  copy(other.stage(), stage());
}

void StageFolder::keep_metrics(int64_t epochs) const {
  std::string kept;
  if (fs::exists(metrics())) {
    std::istringstream lines(read_file(metrics()));
    for (std::string line; std::getline(lines, line);) {
      const Json epoch = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (epoch.is_discarded() || !epoch.contains("epoch") || epoch["epoch"] > epochs) break;
      kept += line + "\n";
    }
  }
  write_file(metrics(), kept);
}

void StageFolder::append_metrics(const EpochDone& epoch) const {
  const Json line = {{"epoch", epoch.epoch},
                     {"epochs", epoch.epochs},
                     {"step", epoch.step},
                     {"learning_rate", epoch.learning_rate},
                     {"time", std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count()},
                     {"seconds", epoch.seconds},
                     {"examples_per_second", epoch.examples_per_second},
                     {"train", to_json(epoch.train)},
                     {"terms", epoch.terms},
                     {"validation", epoch.validation ? to_json(*epoch.validation) : Json(nullptr)}};
  append_line(metrics(), line.dump());
}

}  // namespace limbeck
