#pragma once
// Any network as a teacher: in evaluation mode, without gradients, with frozen weights.
#include "teacher/teacher.h"

namespace limbeck {

/// Computes outputs on demand; see computed_outputs.h for caching.
std::unique_ptr<Teacher> teach_by(std::shared_ptr<const Network> network, const TeacherContext& context);

}  // namespace limbeck
