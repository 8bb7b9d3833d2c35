#pragma once
// Where soft targets come from. A teacher gives its outputs on a batch, in evaluation mode and without gradients, which
// are ensured here and nowhere else.
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "data/batch.h"
#include "data/dataset.h"
#include "kernels/captured_function.h"
#include "nn/network.h"
#include "recipe/catalogue.h"

namespace limbeck {

class Teacher {
 public:
  virtual ~Teacher() = default;
  virtual TeacherOutputs outputs(const Batch& batch) const = 0;
  /// The teacher that computes outputs live, for inputs that a store of certain views does not have.
  virtual const Teacher& live() const { return *this; }
  /// k: the teacher has outputs for the views of epochs 0 … k − 1 only, so the stage's augmentation must repeat these;
  /// 0: for all.
  virtual int64_t view_cycle() const { return 0; }
  /// Whether its outputs depend, by rounding, on which batches were computed before: outputs that are computed on
  /// demand and kept in memory. A run that resumes in another process computes the same batches again.
  virtual bool depends_on_past() const { return false; }
};

/// What a teacher is used for: soft targets of the training examples, or outputs on other examples (the test split),
/// for comparison with the student. The latter are always computed live.
enum class TeacherPurpose { training, evaluation };

/// Everything that a teacher is made from.
struct TeacherContext {
  /// The network of an earlier stage, or one with weights, by name; throws if there is none.
  std::function<std::shared_ptr<const Network>(const std::string& name)> network;
  const ExampleSet& examples;  ///< whose soft targets are wanted
  const Augmenter& augmenter;  ///< and how they are augmented
  int64_t classes = 0;
  uint64_t seed = 0;
  std::vector<std::string> taps = {};
  Precision precision = Precision::float32;  ///< of the stage's passes, the teacher's among them
  TeacherPurpose purpose = TeacherPurpose::training;
  Recorder recorder = {};  ///< records the passes of a network (CUDA graphs); empty: operations are launched one by one
  uint64_t view_seed = 0;  ///< of the drawing of views: that of the stage, or of its replica
};

/// The teacher of a stage. For evaluation, nullptr if it has outputs for the training examples only (stored outputs of
/// another program, teachers that use the labels).
std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context);

/// Mean and standard deviation of each of the teacher's logits over the examples, without augmentation.
TeacherStatistics statistics_of(const Teacher& teacher, const ExampleSet& examples);

}  // namespace limbeck
