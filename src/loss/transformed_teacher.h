#pragma once
// The power transform of a teacher's distribution, p^(1/T), for losses in which only the teacher has a temperature.
#include <ATen/core/Tensor.h>

#include "limbeck/outputs.h"

namespace limbeck {

struct TransformedTeacher {
  at::Tensor log_p;    ///< [N, C], log of p^(1/T) / U; of one network: log softmax(v / T)
  at::Tensor log_sum;  ///< [N], log U, U = Σ_c p_c^(1/T), the power sum
};
/// p: the teacher's distribution at T = 1; of several networks, the mean of theirs.
TransformedTeacher transformed(const TeacherOutputs& teacher, double temperature);

}  // namespace limbeck
