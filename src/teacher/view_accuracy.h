#pragma once
// Accuracy of a teacher on augmented examples. A teacher trained without augmentation can be much worse on a stage's
// views (augmented versions), and would give poor soft targets for them.
//
//   const ViewAccuracy found = view_accuracy(*teacher, examples, augmenter, seed);
//   if (found.fears_views()) …
#include "teacher/teacher.h"

namespace limbeck {

struct ViewAccuracy {
  int64_t examples = 0;
  int64_t right = 0;  ///< correct without augmentation
  int64_t right_in_views = 0;

  /// Returns whether augmentation loses more than a tenth of the examples and more than two standard deviations of the
  /// count, so that the loss is not chance.
  bool fears_views() const {
    const int64_t lost = right - right_in_views;
    return 10 * lost > examples && lost * lost > 4 * examples;
  }
};

/// Evaluates at most 500 labelled examples, sampled by (seed, id), in the views of the first epoch. Returns zeros if
/// there is nothing to compare: no labels, no augmentation, or mixup.
ViewAccuracy view_accuracy(const Teacher& teacher, const ExampleSet& examples, const Augmenter& augmenter,
                           uint64_t seed);

}  // namespace limbeck
