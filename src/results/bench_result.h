#pragma once
// bench.json: networks side by side, as `limbeck bench` measures them.
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "results/cost_row.h"

namespace limbeck {

struct BenchRow {
  CostRow row;
  std::vector<std::string> files;
  std::optional<bool> on_front;  ///< of accuracy and latency; nothing where one of them is not known

  void bind(ResultFields& fields);
};

struct BenchResult {
  Json environment;
  double seconds = 0;  ///< of each network at each batch size
  std::vector<BenchRow> models;
  std::vector<std::string> notes;

  void bind(ResultFields& fields);
};

}  // namespace limbeck
