#pragma once
// examples.json: the test examples with the most informative soft targets, with the logits of every network.
#include <optional>
#include <string>
#include <vector>

#include "results/fields.h"

namespace limbeck {

struct ExampleResult {
  int64_t id = 0;
  int64_t label = -1;
  std::vector<int64_t> shape;         ///< [channels, height, width]
  std::vector<int64_t> pixels;        ///< from 0 to 255
  Named<std::vector<double>> logits;  ///< by network: one for each class

  void bind(ResultFields& fields);
};

struct ExamplesResult {
  std::string split;
  std::string teacher;  ///< the network whose soft targets they were chosen for
  std::vector<Number> temperatures;
  std::vector<ExampleResult> examples;

  void bind(ResultFields& fields);
};

}  // namespace limbeck
