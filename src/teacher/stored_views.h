#pragma once
// A teacher whose outputs are computed once for each view of each example and then read from a store (decision 9).
// Which views there are follows from the augmentation: all of them, one slot each, or the k that an example is given in
// k drawings, which then come again: drawing e is drawing e mod k.
#include <ATen/core/Tensor.h>

#include <functional>

#include "teacher/teacher.h"
#include "teacher/teacher_store.h"

namespace limbeck {

class StoredViews : public Teacher {
 public:
  /// `cycle`: k, 0 for all views. `examples` and `augmenter` outlive the teacher.
  StoredViews(std::unique_ptr<Teacher> live, TeacherStore store, const ExampleSet& examples, const Augmenter& augmenter,
              uint64_t seed, int64_t cycle);

  /// Computes what the store lacks of the batch, then reads everything from the store, so that the first outputs are
  /// rounded like later ones.
  TeacherOutputs outputs(const Batch& batch) const override;
  int64_t view_cycle() const override { return cycle_; }
  bool depends_on_past() const override { return !store_.in_file() && !augmenter_.empty(); }
  const Teacher& live() const override { return *live_; }

  /// Computes all missing outputs; calls progress(done, all) after each batch, and stops if that returns false. What
  /// was computed is kept.
  void fill(const std::function<bool(int64_t done, int64_t all)>& progress);
  /// The largest difference between stored and live logits, these in the form of the store, relative to the largest
  /// logit, over `count` of the outputs that are there, drawn by `seed`. Throws Error where nothing is there.
  struct Comparison {
    int64_t outputs = 0;
    double difference = 0;
    double agreement = 0;  ///< part of them with the same largest logit
  };
  Comparison compare(int64_t count, uint64_t seed) const;

  const TeacherStore& store() const { return store_; }

 private:
  at::Tensor slots_of(const Batch& batch) const;
  /// Computes the live teacher's outputs and stores them.
  void compute(const Batch& batch, const at::Tensor& rows, const at::Tensor& slots) const;
  /// Views of the examples at positions [n] in one slot.
  at::Tensor views_in(const at::Tensor& positions, int64_t slot) const;

  std::unique_ptr<Teacher> live_;
  mutable TeacherStore store_;
  mutable int64_t lacking_ = 0;  ///< outputs that are not there yet; with the last one the store is sealed
  const ExampleSet& examples_;
  const Augmenter& augmenter_;
  uint64_t seed_;
  int64_t cycle_;
};

}  // namespace limbeck
