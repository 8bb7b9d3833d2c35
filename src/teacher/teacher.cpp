#include "teacher/teacher.h"

#include <ATen/core/Tensor.h>

namespace limbeck {

std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context) {
  return choice.make<Teacher, const TeacherContext&>(context);
}

TeacherStatistics statistics_of(const Teacher& teacher, const ExampleSet& examples) {
  return statistics_of(
      over_batches(examples, [&](const Batch& batch) { return teacher.live().outputs(batch).logits; }));
}

}  // namespace limbeck
