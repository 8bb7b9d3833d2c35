#pragma once
#include "app/run_flags.h"
#include "limbeck/distillation.h"

namespace limbeck {

struct DistillFlags : Distillation {
  bool print_recipe = false;
  RunFlags run;
};

}  // namespace limbeck
