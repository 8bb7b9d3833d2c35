#pragma once
// Values that somebody else computed (tests/golden): cases as JSON, in which a tensor is {"shape": …, "values": …}.
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"

namespace limbeck {

/// float64
inline torch::Tensor tensor_of(const Json& json) {
  return torch::tensor(json["values"].get<std::vector<double>>(), torch::kFloat64)
      .reshape(json["shape"].get<std::vector<int64_t>>());
}

inline std::map<std::string, torch::Tensor> tensors_of(const Json& json) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, tensor] : json.items()) tensors[name] = tensor_of(tensor);
  return tensors;
}

/// The cases of tests/golden/NAME.json.
inline std::vector<Json> golden_cases(const std::string& name) {
  return parse_json(read_file(fs::path(LIMBECK_TESTS) / "golden" / (name + ".json")), "golden")
      .get<std::vector<Json>>();
}

}  // namespace limbeck
