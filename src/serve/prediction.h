#pragma once
// POST /predict: what a request's JSON asks a network, and the answer.
//
//   {"model": "distilled", "inputs": [[0, 0.5, …], …], "temperature": 2}
//     → {"run": "demo", "model": "distilled", "temperature": 2, "classes": ["0", …],
//        "predictions": [{"class": "3", "probabilities": [0.01, …]}, …]}
//
// An input is what the network takes, pixels in [0, 1]: C·H·W numbers, or nested [C][H][W], or [H][W] where C is 1.
#include <string>
#include <vector>

#include "core/json.h"
#include "nn/graph.h"
#include "serve/served_models.h"

namespace limbeck {

struct PredictionRequest {
  std::string run;  ///< empty: the only one
  std::string model;
  double temperature = 1;
  Json inputs;
};

/// Throws HttpError (400) that says what was found and what was expected.
PredictionRequest parse_prediction_request(const std::string& body);

/// The numbers of all inputs, one after the other. Throws HttpError (400) where one has another shape, or holds no
/// numbers; of too many inputs HttpError (413).
std::vector<float> parse_inputs(const Json& inputs, const Shape& shape);

Json predict(const PredictionRequest& request, const ServedRuns& runs, ServedModels& models);

}  // namespace limbeck
