#pragma once
// POST /predict: parses the request and computes the answer.
//
//   {"model": "distilled", "inputs": [[0, 0.5, …], …], "temperature": 2}
//     → {"run": "demo", "model": "distilled", "temperature": 2, "classes": ["0", …],
//        "predictions": [{"class": "3", "probabilities": [0.01, …]}, …]}
//
// An input is one example of the network's input shape, pixels in [0, 1]: a flat list of C·H·W numbers, nested
// [C][H][W], or [H][W] if C is 1.
#include <string>
#include <vector>

#include "core/json.h"
#include "limbeck/graph.h"
#include "serve/served_models.h"

namespace limbeck {

struct PredictionRequest {
  std::string run;  ///< empty: allowed if there is only one run
  std::string model;
  double temperature = 1;
  Json inputs;
};

/// Throws HttpError (400) with what was found and what was expected.
PredictionRequest parse_prediction_request(const std::string& body);

/// Returns the concatenated values of all inputs. Throws HttpError (400) if an input has another shape or contains
/// anything but numbers, and HttpError (413) for more than 1,000 inputs.
std::vector<float> parse_inputs(const Json& inputs, const Shape& shape);

Json predict(const PredictionRequest& request, const ServedRuns& runs, ServedModels& models);

}  // namespace limbeck
