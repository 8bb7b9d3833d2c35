#include "experiment/result_details.h"

#include <cmath>
#include <sstream>

#include "core/json.h"

namespace limbeck {

Json curves_of(const StageFolder& folder) {
  Json curves = Json::array();
  if (!fs::exists(folder.metrics())) return curves;
  std::istringstream lines(read_file(folder.metrics()));
  for (std::string line; std::getline(lines, line);) {
    const Json epoch = parse_json_line(line).value_or(nullptr);
    if (!epoch.is_object()) break;  // cut by a crash
    Json point = Json::object();
    for (const char* key : {"epoch", "learning_rate", "train", "validation", "terms"})
      if (epoch.contains(key)) point[key] = epoch[key];
    curves.push_back(std::move(point));
  }
  return curves;
}

Json intervals_of(const Json& evaluations) {
  constexpr double kNormal = 1.959963984540054;  // 97.5 % of the normal distribution lie below
  Json intervals = {{"confidence", 0.95}, {"method", "Wilson"}};
  for (const auto& [split, numbers] : evaluations.items()) {
    const double n = numbers.value("examples", 0.0);
    if (n == 0 || !numbers.contains("errors")) continue;
    const double p = 1 - numbers["errors"].get<double>() / n, z2 = kNormal * kNormal / n;
    const double middle = (p + z2 / 2) / (1 + z2),
                 reach = kNormal * std::sqrt(p * (1 - p) / n + z2 / (4 * n)) / (1 + z2);
    intervals[split] = {{"accuracy", {{"low", middle - reach}, {"high", middle + reach}}},
                        {"errors", {{"low", n * (1 - middle - reach)}, {"high", n * (1 - middle + reach)}}}};
  }
  return intervals;
}

}  // namespace limbeck
