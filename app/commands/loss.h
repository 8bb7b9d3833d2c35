#pragma once
#include <string>
#include <vector>

namespace limbeck {

struct LossFlags {
  std::string loss, student, teacher, labels, peers, gradient;
  std::vector<std::string> settings;
};

}  // namespace limbeck
