#pragma once
#include <cstdint>
#include <string>

#include "app/run_flags.h"

namespace limbeck {

struct StoreFlags {
  std::string recipe, stage;
  RunFlags run;
  int64_t samples = 1000;  ///< number of outputs to verify
};

struct StoreInfoFlags {
  std::string file;
};

}  // namespace limbeck
