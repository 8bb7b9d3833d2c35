#include "experiment/run_context.h"

#include "core/random.h"

namespace limbeck {

uint64_t RunContext::stream_seed(const StageRecipe& stage) const {
  return stage.stream == kSharedStream ? seed : stage_seed(seed, stage.stream);
}

uint64_t RunContext::seed_of(const StageRecipe& stage) const {
  const uint64_t own = stream_seed(stage);
  return stage.member == 0 ? own : replica_seed(own, static_cast<uint32_t>(stage.member));
}

}  // namespace limbeck
