#pragma once
// Inference cost of networks: each in LibTorch, and as its ONNX file in ONNX Runtime if available. Measurements of all
// networks are interleaved (deploy/cost.h).
#include <string>
#include <vector>

#include "deploy/cost.h"
#include "models/model.h"

namespace limbeck {

/// A network to measure.
struct Deployed {
  CostRow row;                  ///< fields known in advance
  Model model;                  ///< the model; one loaded from an ONNX file has no LibTorch cost
  std::vector<fs::path> files;  ///< files from which it was loaded
};

/// Fills in the costs. `notes` receives a sentence for each measurement that failed, with the reason; quantized
/// networks that could not be measured are removed.
void measure_deployment(std::vector<Deployed>& networks, const CostOptions& options, std::vector<std::string>& notes);

}  // namespace limbeck
