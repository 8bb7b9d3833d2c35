#pragma once
// bench.json: a comparison of networks, as written by `limbeck bench`.
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "results/cost_row.h"

namespace limbeck {

struct BenchRow {
  CostRow row;
  std::vector<std::string> files;
  std::optional<bool> on_front;  ///< on the Pareto front of accuracy and latency; nullopt if one of them is unknown

  void bind(ResultFields& fields);
};

struct BenchResult {
  Json environment;
  double seconds = 0;  ///< of measurement, per network and batch size
  std::vector<BenchRow> models;
  std::vector<std::string> notes;

  void bind(ResultFields& fields);
};

}  // namespace limbeck
