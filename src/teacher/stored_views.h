#pragma once
// A teacher whose outputs are computed once for each view (augmented version) of each example and then read from a
// store (docs/decisions/0009-stored-views.md). The store has one slot for each view, or, with `cycle` k > 0, one for
// each of the k views that an example is given in epochs 0 … k − 1, which then repeat: epoch e uses the views of epoch
// e mod k.
#include <ATen/core/Tensor.h>

#include <functional>

#include "teacher/teacher.h"
#include "teacher/teacher_store.h"

namespace limbeck {

class StoredViews : public Teacher {
 public:
  /// `cycle`: k, 0 for all views. `examples` and `augmenter` must outlive the teacher. The store may be of some of the
  /// examples only, to be filled.
  /// `live` must give the features that the store is filled with.
  StoredViews(std::unique_ptr<Teacher> live, TeacherStore store, const ExampleSet& examples, const Augmenter& augmenter,
              uint64_t seed, int64_t cycle);

  /// Computes the outputs that are missing from the store, then reads the whole batch from the store, so that new
  /// outputs are rounded like stored ones. Throws Error if the store holds other views than those of the batch.
  TeacherOutputs outputs(const Batch& batch) const override;
  void prepare_epoch(int64_t drawing, const std::function<void()>& between) const override;
  int64_t view_cycle() const override { return cycle_; }
  bool depends_on_past() const override { return !store_.in_file() && !augmenter_.empty(); }
  const Teacher& live() const override { return *live_; }

  /// Computes all missing outputs, of the examples that the store is of. Calls progress(done, all) after each batch and
  /// stops if it returns false; outputs computed so far remain in the store.
  void fill(const std::function<bool(int64_t done, int64_t all)>& progress);
  /// Compares stored logits and features with live ones, converted to the store's layout and type, on `count` stored
  /// outputs, sampled by `seed`. Throws Error if the store is empty.
  struct Comparison {
    int64_t outputs = 0;
    double difference = 0;  ///< largest absolute difference of logits, divided by the largest absolute live logit;
                            ///< or the same of a feature, if that is larger
    double agreement = 0;   ///< fraction with the same argmax
  };
  Comparison compare(int64_t count, uint64_t seed) const;

  const TeacherStore& store() const { return store_; }

 private:
  at::Tensor slots_of(const at::Tensor& views, int64_t drawing) const;
  /// Returns which of the outputs at these places [N] are missing: [M] int64, indices into them. Throws Error if the
  /// store holds other views there.
  at::Tensor missing(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views) const;
  /// Copies the outputs at these places of the store to the device, where those of an epoch lie.
  void bring(const at::Tensor& rows, const at::Tensor& slots) const;
  /// Computes the live teacher's outputs and writes them to the store.
  void compute(const Batch& batch, const at::Tensor& rows, const at::Tensor& slots) const;
  /// Returns the positions [n] of the examples in these rows [n] of the store, on the device of the examples.
  at::Tensor positions_of(const at::Tensor& rows) const;
  /// Returns the views [n] of the examples at positions [n] in one slot.
  at::Tensor views_in(const at::Tensor& positions, int64_t slot) const;

  std::unique_ptr<Teacher> live_;
  mutable TeacherStore store_;
  mutable int64_t lacking_ = 0;  ///< number of missing outputs; the store is sealed when it reaches 0
  const ExampleSet& examples_;
  const Augmenter& augmenter_;
  uint64_t seed_;
  int64_t cycle_;
  // On a device: the outputs of a prepared epoch, by position of the example.
  ExampleRows positions_;
  mutable int64_t prepared_ = -1;  ///< drawing; −1: none
  mutable TeacherOutputs of_epoch_;
};

}  // namespace limbeck
