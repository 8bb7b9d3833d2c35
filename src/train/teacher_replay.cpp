#include "train/teacher_replay.h"

namespace limbeck {

void TeacherReplay::resume(int64_t epoch, int64_t steps) {
  for (int64_t earlier = 0; earlier <= epoch; ++earlier) {
    if (batches_.cycle() == 0)
      compute(earlier, earlier < epoch ? batches_.per_epoch() : steps);
    else if (earlier < batches_.cycle())
      forgotten_.insert(earlier);
  }
}

void TeacherReplay::begin_epoch(int64_t epoch) {
  const int64_t drawing = batches_.drawing(epoch);
  if (epoch >= batches_.cycle() && forgotten_.erase(drawing) > 0) compute(drawing, batches_.per_epoch());
}

void TeacherReplay::compute(int64_t epoch, int64_t steps) {
  if (!batches_.examples().ids().is_cpu()) return teacher_->prepare_epoch(batches_.drawing(epoch), between_);
  for (int64_t step = 0; step < steps; ++step) {
    teacher_->outputs(batches_.batch(epoch, step));
    between_();
  }
}

}  // namespace limbeck
