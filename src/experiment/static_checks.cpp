#include "experiment/static_checks.h"

#include "data/augmentation.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

void check_teacher(const StageRecipe& stage) {
  check_keeping(stage.teacher, Augmenter(stage.augment));
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  const bool apart = stage.replicas.count > 1 && !stage.replicas.together;
  if (options != nullptr && apart && options->views > 0 && !options->store.empty())
    throw Error(ErrorKind::usage, "replicas see views of their own and cannot share a store of some of them; leave 'store' or 'views' out");
  if (options != nullptr && !stage.specialists.of.empty() && !options->store.empty())
    throw Error(ErrorKind::usage, "specialists see examples of their own and cannot share a store; leave 'store' out");
}

}  // namespace

void check_stages(const Recipe& recipe) {
  std::vector<Diagnostic> mistakes;
  for (size_t i = 0; i < recipe.stages.size(); ++i) {
    const StageRecipe& stage = recipe.stages[i];
    if (!stage.teacher || !stage.calibration.of.empty()) continue;
    try {
      check_teacher(stage);
    } catch (const Error& error) {
      mistakes.push_back({stage.teacher.where, fmt::format("stages[{}].teacher", i), error.what()});
    }
  }
  if (!mistakes.empty()) throw DiagnosticsError(std::move(mistakes));
}

}  // namespace limbeck
