#pragma once
// What a run needs of the machine's memory, said before it starts: an estimate from shapes, within about a third.
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "nn/network.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Bytes, by what they are for.
struct MemoryNeed {
  double data =
      0;  ///< pictures and labels, resident as they are: one copy, none per epoch; those in a mapped file do not count
  double weights = 0;  ///< of student and teacher, the student's gradients and the optimiser's state
  double activations =
      0;               ///< of one training batch, kept for the gradient, or of one batch of evaluation, if that is more
  double outputs = 0;  ///< of the teacher, where they are kept in memory
  bool complete = true;  ///< false: a TorchScript network's activations are not known, and not counted

  double total() const { return data + weights + activations + outputs; }
  /// "1.2 GB: data 184 MB, weights 3 MB, activations 310 MB, teacher outputs 700 MB"
  std::string text() const;
};

/// Of one stage. `student`: one of those that are trained, of which a stage of replicas has several, side by side where
/// they learn together; `teachers`: all that run at its steps; `kept`: bytes of kept outputs.
MemoryNeed memory_need(const Dataset& dataset, const StageRecipe& stage, const Network& student,
                       const std::vector<std::shared_ptr<Network>>& teachers, double kept);

/// What of the machine's memory can be had now, in bytes; 0: not known.
double available_memory();
/// The most that this process has held in memory so far, in bytes; 0: not known.
double peak_memory();

}  // namespace limbeck
