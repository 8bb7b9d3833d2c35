#pragma once
// A teacher that keeps outputs in memory has none of them in the process that resumes a stage. They are computed again,
// in the same batches, since a batch decides how they are rounded.
#include <cstdint>
#include <functional>
#include <set>

#include "teacher/teacher.h"
#include "train/training_batches.h"

namespace limbeck {

class TeacherReplay {
 public:
  /// `teacher` (nullptr: none) and `batches` outlive it; `between` is called after each batch, and may throw.
  TeacherReplay(const Teacher* teacher, TrainingBatches& batches, std::function<void()> between)
      : teacher_(teacher), batches_(batches), between_(std::move(between)) {}

  bool is_needed() const { return teacher_ != nullptr && teacher_->depends_on_past(); }
  /// Training resumes after `steps` steps of `epoch`. Where views never come again, every later batch may need every
  /// earlier output: they are computed here. Else those of an epoch wait until its views come again.
  void resume(int64_t epoch, int64_t steps);
  /// To be called before an epoch's first batch.
  void begin_epoch(int64_t epoch);

 private:
  void compute(int64_t epoch, int64_t steps);

  const Teacher* teacher_;
  TrainingBatches& batches_;
  std::function<void()> between_;
  std::set<int64_t> forgotten_;  ///< drawings whose outputs are not there
};

}  // namespace limbeck
