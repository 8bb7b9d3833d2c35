#pragma once
// Restores the outputs of a teacher that caches them in memory after a stage is resumed in a new process. They are
// recomputed in the same batches, since rounding depends on the batch.
#include <cstdint>
#include <functional>
#include <set>

#include "teacher/teacher.h"
#include "train/training_batches.h"

namespace limbeck {

class TeacherReplay {
 public:
  /// `teacher` (nullptr: none) and `batches` must outlive this. `between` is called after each batch and may throw.
  TeacherReplay(const Teacher* teacher, TrainingBatches& batches, std::function<void()> between)
      : teacher_(teacher), batches_(batches), between_(std::move(between)) {}

  bool is_needed() const { return teacher_ != nullptr && teacher_->depends_on_past(); }
  /// Called when training resumes after `steps` steps of `epoch`. If views never repeat, every later batch may need
  /// every earlier output, so all are computed here. Otherwise an epoch's outputs are computed when its views come up
  /// again.
  void resume(int64_t epoch, int64_t steps);
  /// Must be called before an epoch's first batch.
  void begin_epoch(int64_t epoch);

 private:
  void compute(int64_t epoch, int64_t steps);

  const Teacher* teacher_;
  TrainingBatches& batches_;
  std::function<void()> between_;
  std::set<int64_t> forgotten_;  ///< drawings whose outputs are missing
};

}  // namespace limbeck
