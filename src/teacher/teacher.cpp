#include "teacher/teacher.h"

namespace limbeck {

std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context) {
  return choice.make<Teacher, const TeacherContext&>(context);
}

}  // namespace limbeck
