#include "experiment/store_visits.h"

#include "experiment/stage_runner.h"
#include "experiment/stage_teacher.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"

namespace limbeck {

void visit_stores(RunContext& run, const std::string& wanted, StoreAccess access, const UseOfStore& use) {
  bool found = false;
  run.only_finished = access == StoreAccess::existing;
  for (const StageRecipe& stage : run.recipe.stages) {
    if (stage.form().relabels) run_with_inputs(run, stage.name);  // what follows learns its labels
    if (!stage.form().trains || !stage.teacher || (!wanted.empty() && stage.name != wanted)) continue;
    const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
    if (options == nullptr || options->store.empty()) continue;
    if (const fs::path file = options->store_file(run.seed); access == StoreAccess::existing && !fs::exists(file))
      throw Error(fmt::format("stage '{}': there is no store '{}'; `limbeck store build` or the run itself makes it",
                              stage.name, file.string()));
    found = true;
    for (const std::string& input : stage.inputs) run_with_inputs(run, input);
    const ExampleSet examples = run.data.examples_of(stage);
    const Augmenter augmenter(stage.augment);
    const std::unique_ptr<Teacher> teacher = make_training_teacher(run, stage, examples, augmenter);
    use(stage, dynamic_cast<StoredViews&>(*teacher));
  }
  if (!found)
    throw Error(ErrorKind::usage, wanted.empty()
                                      ? "no stage of the recipe has a teacher with a store: write `store: FILE` there"
                                      : fmt::format("there is no stage '{}' whose teacher has a store", wanted));
}

}  // namespace limbeck
