#pragma once
// The teacher of a stage in a run.
#include <memory>

#include "experiment/run_context.h"
#include "teacher/teacher.h"
#include "teacher/view_accuracy.h"

namespace limbeck {

/// Creates the stage's teacher; nullptr if it has none. `context`: examples, views and purpose.
std::unique_ptr<Teacher> make_stage_teacher(const RunContext& run, const StageRecipe& stage, TeacherContext context);

/// Creates the teacher for the stage's training examples; examples and augmenter must outlive it.
std::unique_ptr<Teacher> make_training_teacher(const RunContext& run, const StageRecipe& stage,
                                               const ExampleSet& examples, const Augmenter& augmenter);

/// Throws Error of kind usage if the teacher does not fit the stage's training examples. A store of all outputs of
/// pretrained networks is also read and compared with these networks.
void check_stage_teacher(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

/// Emits a notice if the teacher is much less accurate on augmented views than on the original examples.
void tell_of_views(const RunContext& run, const StageRecipe& stage, const ViewAccuracy& teacher);

}  // namespace limbeck
