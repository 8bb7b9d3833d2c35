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

RunContext RunContext::beside(const EventBus& own_events, std::stop_token own_stop) const {
  return {.recipe = recipe,
          .fingerprints = fingerprints,
          .events = own_events,
          .device = device,
          .folder = folder,
          .seed = seed,
          .reuse = reuse,
          .recorder = recorder,
          .data = data,
          .networks = networks,
          .stop = std::move(own_stop),
          .ranks = ranks,
          .side_by_side = side_by_side,
          .only_finished = only_finished,
          .teacher_logits = teacher_logits,
          .shared_logits = shared_logits};
}

void RunContext::take(const RunContext& other) {
  networks.take(other.networks);
  teacher_logits.insert(other.teacher_logits.begin(), other.teacher_logits.end());
  if (!other.data.labels().train.is_same(data.labels().train)) data.show_labels(other.data.labels());
}

}  // namespace limbeck
