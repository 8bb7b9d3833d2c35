#include "loss/pooling.h"

#include <ATen/ops/adaptive_avg_pool2d.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {

FeaturePair pooled_to_one_size(const FeaturePair& pair) {
  const auto& [student, teacher] = pair;
  if (student.dim() != 4 || teacher.dim() != 4) return pair;
  const int64_t height = std::min(student.size(2), teacher.size(2)), width = std::min(student.size(3), teacher.size(3));
  const auto pooled = [&](const at::Tensor& picture) {
    const bool fits = picture.size(2) == height && picture.size(3) == width;
    return fits ? picture : at::adaptive_avg_pool2d(picture, {height, width});
  };
  return {pooled(student), pooled(teacher)};
}

at::Tensor as_map(const at::Tensor& feature) {
  return feature.dim() == 2 ? feature.unsqueeze(-1).unsqueeze(-1) : feature;
}

FeaturePair as_maps(const FeaturePair& pair) {
  return {as_map(pair.student), as_map(pair.teacher)};
}

void refuse_features(const std::pair<std::string, Shape>& student, const std::pair<std::string, Shape>& teacher,
                     const std::string& expected) {
  throw Error(ErrorKind::usage,
              fmt::format("the teacher's feature '{}' is {}, the student's '{}' {}; expected {}", teacher.first,
                          to_text(teacher.second), student.first, to_text(student.second), expected));
}

}  // namespace limbeck
