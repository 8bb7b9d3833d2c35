#pragma once
// The teacher of a stage in a run.
#include <memory>

#include "experiment/run_context.h"
#include "teacher/teacher.h"
#include "teacher/view_accuracy.h"

namespace limbeck {

/// nullptr where the stage has none. `context` says what the recipe and the run do not: examples, views, purpose.
std::unique_ptr<Teacher> make_stage_teacher(const RunContext& run, const StageRecipe& stage, TeacherContext context);

/// The teacher of what the stage trains on; examples and augmenter outlive it.
std::unique_ptr<Teacher> make_training_teacher(const RunContext& run, const StageRecipe& stage,
                                               const ExampleSet& examples, const Augmenter& augmenter);

/// Throws Error of kind usage where the teacher does not fit what the stage trains on. A file that holds all outputs of
/// networks with weights is read and compared with them.
void check_stage_teacher(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

/// A notice where the teacher is much worse on the stage's views than on the examples as they are.
void tell_of_views(const RunContext& run, const StageRecipe& stage, const ViewAccuracy& teacher);

}  // namespace limbeck
