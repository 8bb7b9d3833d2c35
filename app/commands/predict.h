#pragma once
#include <string>

#include "app/foreign_flags.h"

namespace limbeck {

struct PredictFlags {
  std::string model, images, out;
  std::string resize = "crop";  ///< crop or stretch
  bool force = false;
  ForeignFlags foreign;
};

}  // namespace limbeck
