#include "experiment/static_checks.h"

#include <algorithm>

#include "data/augmentation.h"
#include "data/source_size.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

/// Whether the outputs of one of a stage's teachers are those of the members of an arithmetic ensemble.
bool has_arithmetic_members(const Recipe& recipe, const StageRecipe& stage) {
  return std::any_of(stage.teachers.begin(), stage.teachers.end(), [&](const std::string& name) {
    const StageRecipe* source = recipe.stage(name);
    return source != nullptr && source->form().mean == EnsembleMean::arithmetic;
  });
}

void check_teacher(const Recipe& recipe, const StageRecipe& stage) {
  check_keeping(stage.teacher, Augmenter(stage.augment));
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  if (options != nullptr && options->top > 0 && has_arithmetic_members(recipe, stage))
    throw Error(
        ErrorKind::usage,
        "the largest logits alone of an arithmetic ensemble cannot be kept; leave 'top' out, or use `mean: geometric`");
  const StageForm form = stage.form();
  const bool same_examples = form.members_teach;  // a specialist sees examples of its own
  if (options != nullptr && form.apart && same_examples && options->views > 0 && !options->store.empty())
    throw Error(
        ErrorKind::usage,
        "replicas see views of their own and cannot share a store of some of them; leave 'store' or 'views' out");
  if (options != nullptr && !same_examples && !options->store.empty())
    throw Error(ErrorKind::usage, "specialists see examples of their own and cannot share a store; leave 'store' out");
}

/// The store of some of the views of augmented examples, drawn by the stage's stream; empty where there is none.
std::string store_of_drawn_views(const StageRecipe& stage) {
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  return options == nullptr || options->views == 0 || stage.augment.empty() ? "" : options->store;
}

/// Throws Error where an earlier stage has the same store and draws other views.
void check_shared_store(const Recipe& recipe, const StageRecipe& stage) {
  const std::string store = store_of_drawn_views(stage);
  if (store.empty()) return;
  for (const StageRecipe& earlier : recipe.stages) {
    if (&earlier == &stage) return;
    if (store_of_drawn_views(earlier) == store && earlier.stream != stage.stream)
      throw Error(ErrorKind::usage,
                  fmt::format("the store '{}' is of the views that stage '{}' draws, and '{}' draws others; write "
                              "`stream: {}` into '{}', or another store",
                              store, earlier.name, stage.name, earlier.stream, stage.name));
  }
}

}  // namespace

void check_stages(const Recipe& recipe) {
  std::vector<Diagnostic> mistakes;
  for (size_t i = 0; i < recipe.stages.size(); ++i) {
    const StageRecipe& stage = recipe.stages[i];
    if (!stage.teacher || !stage.form().trains) continue;
    try {
      check_teacher(recipe, stage);
      check_shared_store(recipe, stage);
    } catch (const Error& error) {
      mistakes.push_back({stage.teacher.where, fmt::format("stages[{}].teacher", i), error.what()});
    }
  }
  if (!mistakes.empty()) throw DiagnosticsError(std::move(mistakes));
}

void check_data(const Recipe& recipe, const DataFolders& folders) {
  const auto* source = dynamic_cast<const SizedSource*>(recipe.data.source.options.get());
  const std::optional<SourceSize> size = source == nullptr ? std::nullopt : source->size(folders);
  if (!size) return;
  std::vector<Diagnostic> mistakes;
  const std::string& name = recipe.data.source.name();
  if (recipe.data.validation > 0 && recipe.data.validation >= size->train)
    mistakes.push_back(
        {recipe.data.validation_where, "data.validation",
         fmt::format("{} examples cannot be held out: '{}' has {} for training, of which some must remain",
                     recipe.data.validation, name, size->train)});
  for (size_t i = 0; i < recipe.stages.size(); ++i) {
    const StageRecipe& stage = recipe.stages[i];
    const StageForm form = stage.form();
    for (const auto& [key, labels] :
         {std::pair{"examples.classes", &stage.examples.classes},
          std::pair{"examples.without", &stage.examples.without}, std::pair{"classes", &form.classes}})
      for (const int64_t label : *labels)
        if (label >= size->classes)
          mistakes.push_back(
              {stage.where, fmt::format("stages[{}].{}", i, key),
               fmt::format("class {} does not exist; '{}' has the classes 0 to {}", label, name, size->classes - 1)});
  }
  if (!mistakes.empty()) throw DiagnosticsError(std::move(mistakes));
}

}  // namespace limbeck
