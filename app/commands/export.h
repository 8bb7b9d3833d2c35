#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "app/foreign_flags.h"

namespace limbeck {

struct ExportFlags {
  std::string model, out, page, fold = "auto", source, data;
  std::vector<std::string> beside;
  bool softmax = false, bytes = false, int8 = false, force = false;
  int64_t examples = 1024;
  ForeignFlags foreign;
};

}  // namespace limbeck
