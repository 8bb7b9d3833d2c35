#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace limbeck {

struct FetchFlags {
  std::string name;
  std::string data;  ///< data folder; empty: the default
};

struct SynthesizeFlags {
  std::string out;
  int64_t seed = 0;
  int train = 60000;
  int test = 10000;
  bool force = false;
};

/// Options of the data source `images`.
struct ImagesFlags {
  std::string folder;
  std::vector<int64_t> size = {32};
  std::string resize = "crop", corrupt = "fail", jpeg = "full";
  int64_t channels = 3;
  double holdout = 0.1;
  std::string store;
  int threads = 0;  ///< 0: all
};

}  // namespace limbeck
