#pragma once
// Memory requirements of a run, estimated from shapes before it starts, accurate to about a third.
#include <memory>
#include <string>
#include <vector>

#include "limbeck/dataset.h"
#include "nn/network.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Required memory in bytes, by purpose.
struct MemoryNeed {
  double data = 0;         ///< images and labels, one copy in memory for all epochs; memory-mapped files do not count
  double weights = 0;      ///< of student and teacher, plus the student's gradients and the optimizer's state
  double activations = 0;  ///< of one training batch, kept for the backward pass, or of one evaluation batch if larger
  double outputs = 0;      ///< outputs of the teacher, if cached in memory
  bool complete = true;    ///< false: activations of a TorchScript network are unknown and not included

  double total() const { return data + weights + activations + outputs; }
  /// "1.2 GB: data 184 MB, weights 3 MB, activations 310 MB, teacher outputs 700 MB"
  std::string text() const;
};

/// Estimates the memory of one stage. `student`: one of the trained networks; a stage with replicas has several, which
/// are in memory at the same time if trained together. `teachers`: all networks that run at its steps. `kept`: bytes of
/// cached outputs.
MemoryNeed memory_need(const Dataset& dataset, const StageRecipe& stage, const Network& student,
                       const std::vector<std::shared_ptr<Network>>& teachers, double kept);

/// Returns whether the neediest `at_once` of these stages, each of which may stand there several times, fit into
/// `memory` bytes together. The data are there once.
bool fit_together(std::vector<MemoryNeed> needs, size_t at_once, double memory);

/// "1.2 GB", "84 MB"; 1 MB at least.
std::string bytes_text(double bytes);

/// Returns the available memory of the machine in bytes; 0: unknown.
double available_memory();
/// Returns the peak memory of this process so far in bytes; 0: unknown.
double peak_memory();

}  // namespace limbeck
