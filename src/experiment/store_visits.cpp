#include "experiment/store_visits.h"

#include "experiment/stage_features.h"
#include "experiment/stage_runner.h"
#include "experiment/stage_teacher.h"
#include "teacher/computed_outputs.h"
#include "teacher/store_shards.h"
#include "teacher/stored_views.h"

namespace limbeck {

namespace {

bool has_store(const StageRecipe& stage) {
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  return stage.form().trains && options != nullptr && !options->store.empty();
}

/// The parts of a store that are visited: the shard that is asked for, those that an incomplete store lacks, or all as
/// one.
std::vector<std::optional<StoreShard>> parts_of(const fs::path& file, const StoreVisit& visit) {
  if (visit.shard) return {visit.shard};
  const StoreParts parts = find_store(file);
  if (visit.access == StoreAccess::existing || !parts.sharded() || parts.complete()) return {std::nullopt};
  std::vector<std::optional<StoreShard>> lacking;
  for (const StoreShard& shard : parts.lacking()) lacking.emplace_back(shard);
  return lacking;
}

}  // namespace

void visit_stores(RunContext& run, const StoreVisit& visit, const UseOfStore& use) {
  bool found = false;
  run.only_finished = visit.access == StoreAccess::existing || visit.shard;
  const auto is_visited = [&](const StageRecipe& stage) {
    return has_store(stage) && (visit.stage.empty() || stage.name == visit.stage);
  };
  for (const StageRecipe& stage : run.recipe.stages)  // before anything is trained
    if (!visit.features.empty() && is_visited(stage))
      check_kept(run, stage, run.data.examples_of(stage), visit.features);
  for (const StageRecipe& stage : run.recipe.stages) {
    if (stage.form().relabels) run_with_inputs(run, stage.name);  // what follows learns its labels
    if (!is_visited(stage)) continue;
    const fs::path file = dynamic_cast<const ComputedOptions&>(*stage.teacher.options).store_file(run.seed);
    if (visit.access == StoreAccess::existing && !find_store(file).exists())
      throw Error(fmt::format("stage '{}': there is no store '{}'; `limbeck store build` or the run itself makes it",
                              stage.name, file.string()));
    found = true;
    for (const std::string& input : stage.inputs) run_with_inputs(run, input);
    const ExampleSet examples = run.data.examples_of(stage);
    const Augmenter augmenter(stage.augment);
    std::vector<std::string> features = visit.features;
    if (visit.access == StoreAccess::existing)  // what is there is what is asked for
      for (const auto& [name, shape] : read_store_info(file).layout.features) features.push_back(name);
    StageRecipe taught = stage;
    taught.loss = losses_with_features(run, stage, examples);
    for (const std::optional<StoreShard>& part : parts_of(file, visit)) {
      const std::unique_ptr<Teacher> teacher = make_training_teacher(
          run, taught, examples, augmenter, {.features = features, .fills_at_once = false, .shard = part});
      use(stage, part, dynamic_cast<StoredViews&>(*teacher));
    }
    if (visit.access == StoreAccess::made) write_index_of_shards(file);
  }
  if (!found)
    throw Error(ErrorKind::usage, visit.stage.empty()
                                      ? "no stage of the recipe has a teacher with a store: write `store: FILE` there"
                                      : fmt::format("there is no stage '{}' whose teacher has a store", visit.stage));
}

}  // namespace limbeck
