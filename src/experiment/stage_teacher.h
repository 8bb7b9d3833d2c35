#pragma once
// The teacher of a stage in a run.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/run_context.h"
#include "teacher/computed_outputs.h"
#include "teacher/teacher.h"
#include "teacher/view_accuracy.h"

namespace limbeck {

/// Creates the stage's teacher; nullptr if it has none. `context`: examples, views and purpose.
std::unique_ptr<Teacher> make_stage_teacher(const RunContext& run, const StageRecipe& stage, TeacherContext context);

/// What is done with the store of a stage's teacher.
struct StoreWork {
  std::vector<std::string> features = {};  ///< kept beside those that the losses read
  bool fills_at_once = true;               ///< see TeacherContext
  std::optional<StoreShard> shard = {};    ///< to be filled; nullopt: the whole store
};

/// Creates the teacher for the stage's training examples; examples and augmenter must outlive it.
std::unique_ptr<Teacher> make_training_teacher(const RunContext& run, const StageRecipe& stage,
                                               const ExampleSet& examples, const Augmenter& augmenter,
                                               const StoreWork& work = {});

/// Computes what the stage's store lacks before training, where there is no augmentation, or in a run of several
/// processes, each of which fills a shard. Throws Error where a rank does not see the files of the others.
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
