#pragma once
// Where soft targets come from. A teacher is asked for its outputs on a batch; evaluation mode and the absence of
// gradients live here and nowhere else.
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "data/batch.h"
#include "data/dataset.h"
#include "nn/network.h"
#include "recipe/catalogue.h"

namespace limbeck {

class Teacher {
 public:
  virtual ~Teacher() = default;
  virtual TeacherOutputs outputs(const Batch& batch) const = 0;
};

/// What a teacher is made from.
struct TeacherContext {
  /// The network of an earlier stage, or one with weights, by name; throws where there is none.
  std::function<std::shared_ptr<const Network>(const std::string& name)> network;
  const ExampleSet& train;     ///< what the stage trains on
  const Augmenter& augmenter;  ///< and how it is augmented
  std::vector<std::string> taps;
  Precision precision = Precision::float32;  ///< of the stage's passes, the teacher's among them
};

/// The teacher that a stage asks for.
std::unique_ptr<Teacher> make_teacher(const Choice& choice, const TeacherContext& context);

}  // namespace limbeck
