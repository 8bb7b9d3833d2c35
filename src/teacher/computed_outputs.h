#pragma once
// When a teacher's outputs are computed: at every step; once for every training example, where each is shown as it is;
// or once for every view of every example (stored_views.h).
//
//   struct MyTeacherOptions : ComputedOptions { … };
//   return make_computed_teacher(std::make_unique<MyTeacher>(…), options, context, fingerprint);
#include <ATen/core/Tensor.h>

#include "core/files.h"
#include "teacher/example_rows.h"
#include "teacher/teacher.h"

namespace limbeck {

enum class Computed { automatic, live, kept };

/// Options of every teacher that computes its outputs.
struct ComputedOptions {
  enum class Type { float32, float16 };
  Computed outputs = Computed::automatic;
  std::string store;  ///< file, in whose name {seed} stands for the run's seed; empty: kept in memory
  int64_t views = 0;  ///< of each example, which come again; 0: all that there are
  Type type = Type::float32;
  int64_t top = 0;  ///< logits kept of each output, 0: all

  void bind(Fields& fields);
  /// The store of a run of this seed; empty: none.
  fs::path store_file(uint64_t seed) const;
};

/// How many bytes of memory the kept outputs of a teacher of the recipe take, at most; 0 where they are in a file or
/// not kept.
double kept_bytes(const Choice& teacher, const Augmenter& augmenter, int64_t classes, int64_t examples);

/// Throws Error of kind usage where a teacher of the recipe is to be kept in a way that does not go with the
/// augmentation.
void check_keeping(const Choice& teacher, const Augmenter& augmenter);

/// What can be known of a teacher's stored outputs before the teacher is: throws Error where more logits are wanted
/// than there are classes, where the store's folder cannot be written, and where the file that is there is damaged, no
/// store, or one in another form or of other examples. Makes missing folders.
void check_store(const Choice& teacher, const TeacherContext& context);

/// A fingerprint of everything that a network's outputs depend on but the inputs: names, shapes and bytes of its
/// parameters and buffers, its identity, and how a committee averages.
std::string fingerprint_of(const Network& network);

/// The teacher with its outputs computed or kept as the options say. `fingerprint`: of everything that its outputs
/// depend on beside the examples. With `store`, a file that holds outputs of another teacher or of other examples is
/// refused with an Error; it is never replaced.
std::unique_ptr<Teacher> make_computed_teacher(std::unique_ptr<Teacher> live, const ComputedOptions& options,
                                               const TeacherContext& context, const std::string& fingerprint);

/// Outputs that are known for certain examples, by id.
class KeptOutputs : public Teacher {
 public:
  /// Row i of the outputs (logits [n, C], members [n, M, C] or undefined) is that of ids[i], ids [n] int64.
  KeptOutputs(TeacherOutputs outputs, const at::Tensor& ids) : kept_(std::move(outputs)), rows_(ids) {}

  /// The outputs of the batch's ids; an id that is not among them is an Error.
  TeacherOutputs outputs(const Batch& batch) const override;

 private:
  TeacherOutputs kept_;
  ExampleRows rows_;
};

/// A teacher's outputs on all examples without augmentation, in their order, on their device. Throws Error if it gives
/// features: those are not kept.
TeacherOutputs outputs_of(const Teacher& teacher, const ExampleSet& examples);

}  // namespace limbeck
