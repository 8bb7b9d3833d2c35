#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "app/run_flags.h"

namespace limbeck {

struct StoreFlags {
  std::string recipe, stage;
  RunFlags run;
  std::vector<std::string> features;  ///< of the teacher, beside those that the losses read
  std::string shard;                  ///< "2/8"; empty: the whole store, or the launcher's rank
  int64_t samples = 1000;             ///< number of outputs to verify
};

struct StoreInfoFlags {
  std::string file;
};

struct StoreIndexFlags {
  std::string file;
  std::vector<std::string> shards;
};

}  // namespace limbeck
