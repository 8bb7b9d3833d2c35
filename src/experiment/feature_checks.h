#pragma once
// Whether networks give the features that a stage's losses read, and whether these fit together; checked before any
// work.
#include "experiment/run_context.h"

namespace limbeck {

/// Throws Error of kind usage, which lists the features that exist, if the student or the teacher of a stage has none
/// of the wanted name; if the teacher is one whose features cannot be read; and if a loss cannot work on such features.
void check_features(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

}  // namespace limbeck
