#include "loss/transformed_teacher.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>

namespace limbeck {

TransformedTeacher transformed(const TeacherOutputs& teacher, double temperature) {
  const at::Tensor powers = teacher.log_probabilities(1) / temperature;
  return {at::log_softmax(powers, 1), at::logsumexp(powers, 1)};
}

}  // namespace limbeck
