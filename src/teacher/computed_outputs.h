#pragma once
// When teacher outputs are computed: at every step (live), once per training example (no augmentation), or once per
// view, i.e. augmented version, of each example (stored_views.h). The latter two cache the outputs. Fixed outputs
// belong to the example without augmentation while the student sees views of it: the practice that Beyer et al. 2022
// (arXiv 2106.05237) find worse than one view for both, to be compared with.
//
//   struct MyTeacherOptions : ComputedOptions { … };
//   return make_computed_teacher(std::make_unique<MyTeacher>(…), options, context, fingerprint);
#include <ATen/core/Tensor.h>

#include "core/files.h"
#include "teacher/example_rows.h"
#include "teacher/teacher.h"

namespace limbeck {

enum class Computed { automatic, live, kept, fixed };

/// Options shared by all teachers that compute their outputs.
struct ComputedOptions {
  enum class Type { float32, float16 };
  enum class TeacherPrecision { stage, int8 };
  Computed outputs = Computed::automatic;
  std::string store;  ///< file; {seed} in its name is replaced by the run's seed; empty: cached in memory
  int64_t views = 0;  ///< number of views per example, which repeat cyclically; 0: all views
  Type type = Type::float32;
  int64_t top = 0;  ///< number of largest logits stored per output; 0: all
  TeacherPrecision precision = TeacherPrecision::stage;

  void bind(Fields& fields);
  /// Returns the store file for a run with this seed; empty: none.
  fs::path store_file(uint64_t seed) const;
};

/// Sizes of a recipe teacher's cached outputs, in bytes; 0 if they are not cached there.
struct KeptSize {
  double memory = 0;    ///< at most
  double epoch = 0;     ///< of one view of each example, which are on the device during an epoch, if training is on one
  double file = 0;      ///< of a store file that does not exist yet
  double features = 0;  ///< fraction of features in each of these

  /// ", 99 % of it for features"; empty if there are none.
  std::string features_text() const;
};
/// `features`: those that are cached beside the logits, with their shapes, of the network that teaches.
KeptSize kept_size(const Choice& teacher, const TeacherContext& context, const std::map<std::string, Shape>& features);

/// Returns the store file that is to be created for this recipe teacher; empty if it has none, or one that exists.
fs::path new_store(const Choice& teacher, uint64_t seed);

/// Returns whether the runs of several seeds have one store file for this recipe teacher's outputs.
bool seeds_share_store(const Choice& teacher);

/// Returns the store file of this recipe teacher's outputs that its stage creates or completes, while no other may open
/// it; empty if it has none, or one that is complete.
fs::path unsealed_store(const Choice& teacher, uint64_t seed);

/// Throws Error of kind usage if the recipe caches the outputs of this teacher but the augmentation does not allow it:
/// mixup, or more than 4,096 views per example without `views`.
void check_keeping(const Choice& teacher, const Augmenter& augmenter);

/// Checks the options of a teacher's store before the teacher exists. Throws Error if fixed outputs are to have
/// features while the examples are augmented, if more logits are to be stored than there are classes, if the store's
/// folder is not writable or its disk too full, or if the existing file is damaged, is not a store, lacks one of the
/// features, or has another layout or other examples. Creates missing folders.
void check_store(const Choice& teacher, const TeacherContext& context, const std::map<std::string, Shape>& features);

/// Returns a fingerprint of everything but inputs and precision that determines a network's outputs: names, shapes and
/// bytes of its parameters and buffers, its identity, and the kind of mean of a Committee. Of a teacher in int8, it is
/// that of the network in float32: the last bits of calibrated ranges depend on the machine.
std::string fingerprint_of(const Network& network);

/// Returns the network of that name in the precision of the options. On other examples than those to train on, that is
/// float32: no examples are there to calibrate int8 with.
std::shared_ptr<const Network> network_for(const ComputedOptions& options, const std::string& name,
                                           const TeacherContext& context);

/// Wraps the teacher according to the options: live or cached, with the features that are the context's taps, which
/// `live` must give, and which are cached only if the recipe asks for it. Outputs that are cached in memory, unrounded
/// and without augmentation, are computed once for all that use them at the same time. `fingerprint`: of everything but
/// the examples that determines its outputs. With `store`, throws Error if the file holds outputs of another teacher or
/// of other examples; such a file is never replaced.
std::unique_ptr<Teacher> make_computed_teacher(std::unique_ptr<Teacher> live, const ComputedOptions& options,
                                               const TeacherContext& context, const std::string& fingerprint);

/// Precomputed outputs of a set of examples, by id.
class KeptOutputs : public Teacher {
 public:
  /// Row i of the outputs (logits [n, C], features [n, …], members [n, M, C] or undefined) belongs to ids[i]; ids [n]
  /// int64.
  KeptOutputs(TeacherOutputs outputs, const at::Tensor& ids)
      : KeptOutputs(std::make_shared<const TeacherOutputs>(std::move(outputs)), ids) {}
  KeptOutputs(std::shared_ptr<const TeacherOutputs> outputs, const at::Tensor& ids)
      : kept_(std::move(outputs)), rows_(ids) {}

  /// Returns the outputs of the batch's ids. Throws Error for an unknown id.
  TeacherOutputs outputs(const Batch& batch) const override;

 private:
  std::shared_ptr<const TeacherOutputs> kept_;
  ExampleRows rows_;
};

/// Returns a teacher's outputs on all examples without augmentation, in the order and on the device of the examples.
/// Throws Error of kind interrupted when a stop is requested.
TeacherOutputs outputs_of(const Teacher& teacher, const ExampleSet& examples, const std::stop_token& stop);

}  // namespace limbeck
