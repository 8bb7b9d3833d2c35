#pragma once
// Where soft targets come from. A teacher is asked for its outputs on a batch; evaluation mode and the absence of
// gradients live here and nowhere else.
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
  /// The teacher that computes, where this one answers from what it has stored of certain views: to be asked of other
  /// inputs.
  virtual const Teacher& live() const { return *this; }
  /// How many drawings of views the teacher knows, 0 … k − 1, so that the stage's augmentation is to repeat them; 0:
  /// any.
  virtual int64_t view_cycle() const { return 0; }
  /// Whether the last bits of its answers depend on what was asked before, and in which batches, and are lost with the
  /// process: outputs that are computed as they are asked for and kept in memory. Who goes on in another process asks
  /// the same again.
  virtual bool depends_on_past() const { return false; }
};

/// What a teacher is asked for: soft targets of the training examples, or what it says of other examples (the test
/// split), to be compared with the student. The latter are always computed live.
enum class TeacherPurpose { training, evaluation };

/// What a teacher is made from.
struct TeacherContext {
  /// The network of an earlier stage, or one with weights, by name; throws where there is none.
  std::function<std::shared_ptr<const Network>(const std::string& name)> network;
  const ExampleSet& examples;  ///< whose soft targets are wanted
  const Augmenter& augmenter;  ///< and how they are augmented
  int64_t classes = 0;
  uint64_t seed = 0;
  std::vector<std::string> taps = {};
  Precision precision = Precision::float32;  ///< of the stage's passes, the teacher's among them
  TeacherPurpose purpose = TeacherPurpose::training;
  Recorder recorder = {};  ///< of the passes of a network; empty: they are launched one by one
  uint64_t view_seed = 0;  ///< of the drawing of views: that of the stage, or of its replica
};

/// The teacher that a stage asks for; nullptr for evaluation where it has nothing to say of other examples than those
/// it was made for (outputs from elsewhere, teachers that look at the labels).
std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context);

/// Mean and deviation of each of the teacher's logits over the examples as they are, without augmentation.
TeacherStatistics statistics_of(const Teacher& teacher, const ExampleSet& examples);

}  // namespace limbeck
