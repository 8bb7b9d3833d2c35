#include "teacher/teacher.h"

#include <ATen/core/Tensor.h>

#include "core/error.h"

namespace limbeck {

void Teacher::also_give(const std::vector<std::string>& features) {
  if (!features.empty())
    throw Error(ErrorKind::usage, fmt::format("the teacher has no feature '{}'", features.front()));
}

TeacherOutputs each_of(const TeacherOutputs& outputs, const std::function<at::Tensor(const at::Tensor&)>& change) {
  TeacherOutputs changed{.logits = change(outputs.logits)};
  for (const auto& [name, feature] : outputs.features) changed.features[name] = change(feature);
  if (outputs.members.defined()) changed.members = change(outputs.members);
  return changed;
}

std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context) {
  return choice.make<Teacher, const TeacherContext&>(context);
}

TeacherStatistics statistics_of(const Teacher& teacher, const ExampleSet& examples) {
  return statistics_of(
      over_batches(examples, [&](const Batch& batch) { return teacher.live().outputs(batch).logits; }));
}

}  // namespace limbeck
