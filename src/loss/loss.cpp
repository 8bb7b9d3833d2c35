#include "loss/loss.h"

#include <torch/types.h>

#include "nn/graph.h"

namespace limbeck {

void require_same_shape(const Outputs& student, const TeacherOutputs& teacher) {
  const auto ours = student.logits.sizes(), theirs = teacher.logits.sizes();
  if (ours != theirs)
    throw Error(fmt::format("the teacher's logits are {}, the student's {}", to_text(theirs.vec()), to_text(ours.vec())));
}

}  // namespace limbeck
