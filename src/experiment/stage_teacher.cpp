#include "experiment/stage_teacher.h"

#include <algorithm>
#include <chrono>

#include "experiment/stage_conditions.h"
#include "experiment/stage_features.h"
#include "loss/objective.h"
#include "models/model.h"
#include "teacher/store_shards.h"
#include "teacher/stored_views.h"

namespace limbeck {
namespace {

/// Whether the teacher's outputs lie in a file already, all of them, and the teacher is not trained by the recipe, so
/// that one can be compared with the other. (One that is not full may be in the hands of another process.)
bool has_given_store(const RunContext& run, const StageRecipe& stage) {
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  const auto is_given = [&](const std::string& name) { return run.recipe.stage_of(name) == nullptr; };
  if (options == nullptr || options->store.empty() ||
      !std::all_of(stage.teachers.begin(), stage.teachers.end(), is_given))
    return false;
  const StoreParts parts = find_store(options->store_file(run.seed));
  if (!parts.exists()) return false;
  const StoreInfo info = read_store_info(parts.store);
  return info.filled == info.examples * info.layout.slots && static_cast<int64_t>(parts.parts.size()) == parts.count;
}

/// The parts of the stage's incomplete store that this process fills before training: of several processes, each fills
/// its shards, or rank 0 a file that there is already. One alone fills a file of examples without augmentation; of
/// others, training computes what it needs.
std::vector<std::optional<StoreShard>> own_parts(const RunContext& run, const StageRecipe& stage,
                                                 const ExampleSet& examples, const Augmenter& augmenter) {
  const StoreParts parts = find_store(unsealed_store(stage.teacher, run.seed));
  const int64_t rank = run.ranks == nullptr ? 0 : run.ranks->rank();
  const int64_t size = run.ranks == nullptr ? 1 : run.ranks->size();
  if (size == 1 || parts.whole) {
    const bool fills = rank == 0 && !parts.sharded() && (size > 1 || augmenter.empty());
    return fills ? std::vector<std::optional<StoreShard>>{std::nullopt} : std::vector<std::optional<StoreShard>>{};
  }
  const int64_t count = parts.exists() ? parts.count : std::min(size, examples.size());
  std::vector<std::optional<StoreShard>> own;
  for (int64_t number = 1 + rank; number <= count; number += size) {
    const StoreShard shard{.number = number, .count = count};
    const fs::path file = shard.file_of(parts.store);
    if (!fs::exists(file) || !read_file_info(file).sealed) own.emplace_back(shard);
  }
  return own;
}

void fill_store(const RunContext& run, const StageRecipe& stage, StoredViews& views) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t before = views.store().filled();
  views.fill([&](int64_t done, int64_t all) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    run.events.emit(WorkProgress{fmt::format("teacher outputs of '{}'", stage.name), done, all,
                                 static_cast<double>(done - before) / std::max(passed.count(), 1e-9)});
    return !run.stop.stop_requested();
  });
  if (run.stop.stop_requested())
    throw Error(ErrorKind::interrupted,
                fmt::format("stopped in stage '{}'; the outputs computed so far are in the store", stage.name));
}

/// Waits until the store of several processes is complete. Throws Error where one of them does not see it.
void meet_at_store(const RunContext& run, const StageRecipe& stage) {
  if (!stage.teacher || run.ranks == nullptr) return;
  run.ranks->meet();
  const fs::path lacks = unsealed_store(stage.teacher, run.seed);
  if (!lacks.empty())
    throw Error(
        fmt::format("rank {} does not see the complete store '{}' of stage '{}'; a store of several processes "
                    "lies in a folder that all their hosts share",
                    run.ranks->rank(), lacks.string(), stage.name));
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  if (run.ranks->writes() && options != nullptr && !options->store.empty())
    write_index_of_shards(options->store_file(run.seed));
}

void check_int8(const RunContext& run, const StageRecipe& stage) {
  if (!teaches_in_int8(stage)) return;
  if (!run.device.is_cpu())
    throw Error(ErrorKind::usage, "a teacher in int8 is computed on the processor; leave 'precision: int8' out");
  for (const std::string& teacher : stage.teachers) {
    const StageRecipe* trained = run.recipe.stage_of(teacher);
    const NetworkRecipe* network = run.recipe.network(trained == nullptr ? teacher : trained->network);
    if (network != nullptr && !is_graph(network->architecture))
      throw Error(ErrorKind::usage, fmt::format("'{}' cannot teach in int8: it is a program's file, and no graph of "
                                                "operations that are known by name; leave 'precision: int8' out",
                                                teacher));
  }
}

TeacherContext training_context(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples,
                                const Augmenter& augmenter) {
  return {.network = nullptr,
          .examples = examples,
          .augmenter = augmenter,
          .classes = static_cast<int64_t>(run.dataset().classes.size()),
          .seed = run.seed,
          .precision = precision_of(stage, run.device),
          .view_seed = run.seed_of(stage),
          .stop = run.stop};
}

/// Throws Error where an earlier stage makes the store that this one reads, and keeps other features there.
void check_earlier_store(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples) {
  const fs::path file = new_store(stage.teacher, run.seed);
  if (file.empty()) return;
  for (const StageRecipe& earlier : run.recipe.stages) {
    if (earlier.name == stage.name) return;
    if (!earlier.form().trains || !earlier.teacher || new_store(earlier.teacher, run.seed) != file) continue;
    const std::map<std::string, Shape> there = teacher_features(run, earlier, examples);
    for (const auto& [name, shape] : teacher_features(run, stage, examples))
      if (!there.contains(name))
        throw Error(ErrorKind::usage,
                    fmt::format("stage '{0}' makes the store '{1}' without the feature '{2}', which this stage reads; "
                                "name another file here, or fill it beforehand: `limbeck store build --feature {2}`",
                                earlier.name, file.filename().string(), name));
    return;
  }
}

}  // namespace

std::unique_ptr<Teacher> make_stage_teacher(const RunContext& run, const StageRecipe& stage, TeacherContext context) {
  if (!stage.teacher) return nullptr;
  context.network = [&run](const std::string& name) { return run.networks.network(name); };
  context.classes = static_cast<int64_t>(run.dataset().classes.size());
  context.seed = run.seed;
  return make_teacher(stage.teacher, context);
}

std::unique_ptr<Teacher> make_training_teacher(const RunContext& run, const StageRecipe& stage,
                                               const ExampleSet& examples, const Augmenter& augmenter,
                                               const StoreWork& work) {
  TeacherContext context = training_context(run, stage, examples, augmenter);
  context.shard = work.shard;
  context.fills_at_once = work.fills_at_once;
  context.taps = Objective(stage.loss).needs().teacher_taps;
  for (const std::string& feature : work.features)
    if (std::find(context.taps.begin(), context.taps.end(), feature) == context.taps.end())
      context.taps.push_back(feature);
  context.tell = [&run, name = stage.name](const std::string& message) {
    run.events.emit(Notice{fmt::format("{}: {}", name, message)});
  };
  return make_stage_teacher(run, stage, std::move(context));
}

void complete_store(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples,
                    const Augmenter& augmenter) {
  if (!stage.teacher || unsealed_store(stage.teacher, run.seed).empty()) return meet_at_store(run, stage);
  for (const std::optional<StoreShard>& part : own_parts(run, stage, examples, augmenter)) {
    const std::unique_ptr<Teacher> teacher =
        make_training_teacher(run, stage, examples, augmenter, {.fills_at_once = false, .shard = part});
    fill_store(run, stage, dynamic_cast<StoredViews&>(*teacher));
  }
  meet_at_store(run, stage);
}

void check_kept(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples,
                const std::vector<std::string>& features) {
  if (run.dataset().speech != nullptr) return;  // whose alignment changes the labels of the examples
  const Augmenter augmenter(stage.augment);
  check_store(stage.teacher, training_context(run, stage, examples, augmenter),
              teacher_features(run, stage, examples, features));
}

KeptSize kept_size(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples) {
  const Augmenter augmenter(stage.augment);
  return kept_size(stage.teacher, training_context(run, stage, examples, augmenter),
                   teacher_features(run, stage, examples));
}

void check_stage_teacher(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples) {
  check_int8(run, stage);
  const Augmenter augmenter(stage.augment);
  const auto classes = static_cast<int64_t>(run.dataset().classes.size());
  check_kept(run, stage, examples);
  check_earlier_store(run, stage, examples);
  if (has_given_store(run, stage)) make_training_teacher(run, stage, examples, augmenter);
  if (!stage.teachers.empty()) return;
  make_teacher(stage.teacher, {.network = nullptr, .examples = examples, .augmenter = augmenter, .classes = classes});
}

void tell_of_views(const RunContext& run, const StageRecipe& stage, const ViewAccuracy& teacher) {
  if (!teacher.fears_views()) return;
  const auto percent = [&](int64_t right) {
    return 100 * static_cast<double>(right) / static_cast<double>(teacher.examples);
  };
  run.events.emit(
      Notice{fmt::format("{}: the teacher is right on {:.1f} % of {} training examples as they are, and on {:.1f} % of "
                         "them as this stage shows them. It has not learned such views: train it with them, or change "
                         "`augment`",
                         stage.name, percent(teacher.right), teacher.examples, percent(teacher.right_in_views))});
}

}  // namespace limbeck
