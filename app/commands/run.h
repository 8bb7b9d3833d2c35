#pragma once
#include "app/run_flags.h"

namespace limbeck {

struct RunCommand {
  std::string recipe;
  RunFlags flags;
  bool helps_along = false;  ///< train ensemble members in parallel to another process that runs the recipe
};

}  // namespace limbeck
