#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "app/foreign_flags.h"

namespace limbeck {

struct BenchFlags {
  std::vector<std::string> models;
  std::vector<int64_t> batches = {1, 4, 16, 64, 256};
  std::string out, source, data, only;
  ForeignFlags foreign;
  bool force = false;
  double seconds = 1;
  int threads = 0;  ///< 0: all
  /// In the child process that measures one network: the description of a model whose file has none, {"input",
  /// "input_options"}.
  std::string probe;
};

}  // namespace limbeck
