#pragma once
#include <cstdint>
#include <string>

#include "app/run_flags.h"

namespace limbeck {

struct DistillFlags {
  static constexpr int64_t kTeacherEpochs = 20;  ///< default

  std::string name = "distill", teacher, student, source, augment, optimizer, corrupt, teacher_size, teacher_mean,
              teacher_std;
  int64_t size = 0, views = 0;
  double temperature = 4, hard_weight = 0.1, learning_rate = 0;
  int64_t epochs = 20, teacher_epochs = 0, batch_size = 128, validation = 0;
  bool baseline = false, int8 = false, print_recipe = false;
  RunFlags run;
};

}  // namespace limbeck
