#pragma once
// How accurate a teacher is on augmented examples. A teacher that was trained without augmentation can be much worse on
// a stage's views, and would teach them all the same.
//
//   const ViewAccuracy found = view_accuracy(*teacher, examples, augmenter, seed);
//   if (found.fears_views()) …
#include "teacher/teacher.h"

namespace limbeck {

struct ViewAccuracy {
  int64_t examples = 0;
  int64_t right = 0;  ///< of the examples as they are
  int64_t right_in_views = 0;

  /// Whether more than a tenth of the examples are lost in views, and more than chance loses among few: two deviations
  /// of a count.
  bool fears_views() const {
    const int64_t lost = right - right_in_views;
    return 10 * lost > examples && lost * lost > 4 * examples;
  }
};

/// Of at most 500 labelled examples, drawn by (seed, id), in the views of the first epoch. All zero where there is
/// nothing to compare: without labels or augmentation, and where examples are mixed in pairs.
ViewAccuracy view_accuracy(const Teacher& teacher, const ExampleSet& examples, const Augmenter& augmenter,
                           uint64_t seed);

}  // namespace limbeck
