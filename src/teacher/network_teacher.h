#pragma once
// Any network as a teacher: in evaluation mode, without gradient, its weights unchanged.
#include "teacher/teacher.h"

namespace limbeck {

/// Its outputs are computed when they are asked for; see computed_outputs.h for keeping them.
std::unique_ptr<Teacher> teach_by(std::shared_ptr<const Network> network, const TeacherContext& context);

}  // namespace limbeck
