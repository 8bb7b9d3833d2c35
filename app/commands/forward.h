#pragma once
#include <string>
#include <vector>

namespace limbeck {

struct ForwardFlags {
  std::string model, inputs, out, input, device = "cpu";
  std::vector<std::string> features;  ///< NAME=FILE
  bool prepared = false;
  bool list_features = false;
  int threads = 0;
};

}  // namespace limbeck
