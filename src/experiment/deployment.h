#pragma once
// What networks cost where they are used: each in LibTorch, and as the ONNX file that ships, in onnxruntime where that
// is there. All of them are measured in turns (deploy/cost.h).
#include <string>
#include <vector>

#include "deploy/cost.h"
#include "models/model.h"

namespace limbeck {

/// A network whose costs are to be found.
struct Deployed {
  CostRow row;                  ///< what is known of it already
  Model model;                  ///< one that was read from an ONNX file has no cost in LibTorch
  std::vector<fs::path> files;  ///< that it was read from
};

/// Fills in the costs. Notes say in a sentence each what could not be measured, and why; one in bytes that was not is
/// left out.
void measure_deployment(std::vector<Deployed>& networks, const CostOptions& options, std::vector<std::string>& notes);

}  // namespace limbeck
