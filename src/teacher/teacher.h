#pragma once
// The source of soft targets. A teacher computes its outputs on a batch in evaluation mode and without gradients, which
// is ensured here and nowhere else.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/example_set.h"
#include "nn/network.h"
#include "recipe/catalogue.h"
#include "teacher/store_shards.h"

namespace limbeck {

class Teacher {
 public:
  virtual ~Teacher() = default;
  virtual TeacherOutputs outputs(const Batch& batch) const = 0;
  /// Makes outputs() return these features too. Throws Error of kind usage if the teacher has none.
  virtual void also_give(const std::vector<std::string>& features);
  /// Returns the teacher that computes outputs live, for inputs that are not in a store.
  virtual const Teacher& live() const { return *this; }
  /// On a device: makes the outputs of all training examples in the views of this drawing (Batch::draw) available
  /// there, so that outputs() of their batches reads and writes nothing on the host, and always at the same memory.
  /// `between` is called now and then, and may throw.
  virtual void prepare_epoch(int64_t drawing, const std::function<void()>& between) const {
    (void)drawing;
    (void)between;
  }
  /// Returns whether outputs() of batches of a prepared epoch can be captured as a graph (nn/network.h, Capabilities).
  virtual bool can_be_recorded() const { return true; }
  /// k > 0: the teacher has outputs only for the views of epochs 0 … k − 1, so the stage's augmentation must repeat
  /// these; 0: for all views.
  virtual int64_t view_cycle() const { return 0; }
  /// Returns whether rounding makes the outputs depend on which batches were computed before, as with outputs that are
  /// computed on demand and cached in memory. A run resumed in another process then computes the same batches again.
  virtual bool depends_on_past() const { return false; }
};

/// What a teacher is used for: soft targets of the training examples, or evaluation on other examples (the test split)
/// for comparison with the student. The latter is always computed live.
enum class TeacherPurpose { training, evaluation };

/// Everything needed to construct a teacher.
struct TeacherContext {
  /// Returns the network of an earlier stage, or a pretrained one of the recipe, by name; throws if there is none.
  std::function<std::shared_ptr<const Network>(const std::string& name)> network;
  const ExampleSet& examples;  ///< examples to compute soft targets for
  const Augmenter& augmenter;  ///< their augmentation
  int64_t classes = 0;
  uint64_t seed = 0;
  std::vector<std::string> taps = {};        ///< features that outputs() returns
  Precision precision = Precision::float32;  ///< of the stage's forward passes, including the teacher's
  TeacherPurpose purpose = TeacherPurpose::training;
  uint64_t view_seed = 0;     ///< seed for drawing views: that of the stage, or of its replica
  std::stop_token stop = {};  ///< ends the computation of outputs that are cached
  std::function<void(const std::string& message)> tell = {};  ///< of what the user should know; may be empty
  std::optional<StoreShard> shard = {};  ///< fill this part of the store; nullopt: read or fill all of it
  bool fills_at_once = true;             ///< whether outputs without augmentation are computed when the teacher is made
};

/// Returns what `change` makes of each tensor of the outputs; members that are undefined stay so.
TeacherOutputs each_of(const TeacherOutputs& outputs, const std::function<at::Tensor(const at::Tensor&)>& change);

/// Creates the teacher of a stage. For evaluation, returns nullptr if the teacher has outputs for the training examples
/// only (stored outputs of another program, teachers that use the labels).
std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context);

/// Computes the mean and standard deviation of each teacher logit over the examples, without augmentation.
TeacherStatistics statistics_of(const Teacher& teacher, const ExampleSet& examples);

}  // namespace limbeck
