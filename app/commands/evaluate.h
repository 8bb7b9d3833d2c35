#pragma once
#include <string>

namespace limbeck {

struct EvaluateFlags {
  std::string model, teacher, data, source, split = "test", input, teacher_input, labels;
  int threads = 0;
};

}  // namespace limbeck
