#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace limbeck {

struct LossFlags {
  std::string loss, student, teacher, labels, peers, gradient;
  std::vector<std::string> student_features, teacher_features, feature_gradients, parameters;  ///< NAME=FILE
  std::vector<std::string> settings;
  int64_t seed = 1;
  double epochs = 0;
};

}  // namespace limbeck
