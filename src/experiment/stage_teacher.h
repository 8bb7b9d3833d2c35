#pragma once
// The teacher of a stage in a run.
#include <memory>
#include <string>
#include <vector>

#include "experiment/run_context.h"
#include "teacher/computed_outputs.h"
#include "teacher/teacher.h"
#include "teacher/view_accuracy.h"

namespace limbeck {

/// Creates the stage's teacher; nullptr if it has none. `context`: examples, views and purpose.
std::unique_ptr<Teacher> make_stage_teacher(const RunContext& run, const StageRecipe& stage, TeacherContext context);

/// Creates the teacher for the stage's training examples; examples and augmenter must outlive it. `features`: those
/// that are kept beside the features that the losses read.
std::unique_ptr<Teacher> make_training_teacher(const RunContext& run, const StageRecipe& stage,
                                               const ExampleSet& examples, const Augmenter& augmenter,
                                               const std::vector<std::string>& features = {});

/// In a run of several processes, lets rank 0 compute what the stage's store lacks, for all to read. Throws Error where
/// a rank does not see the file.
void complete_store(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples,
                    const Augmenter& augmenter);

/// Throws Error of kind usage if the teacher does not fit the stage's training examples. A store of all outputs of
/// pretrained networks is also read and compared with these networks.
void check_stage_teacher(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

/// Throws Error of kind usage if the teacher's outputs cannot be kept where the recipe says, with these features beside
/// those that the losses read.
void check_kept(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples,
                const std::vector<std::string>& features = {});

/// Returns the size of what the stage keeps of its teacher's outputs, for so many examples as these.
KeptSize kept_size(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

/// Emits a notice if the teacher is much less accurate on augmented views than on the original examples.
void tell_of_views(const RunContext& run, const StageRecipe& stage, const ViewAccuracy& teacher);

}  // namespace limbeck
