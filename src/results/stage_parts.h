#pragma once
// What the kinds of stages that this program has add to a stage's results. Reports show them.
#include "results/keys.h"
#include "results/stage_part.h"

namespace limbeck {

/// Of an ensemble: its numbers are those of its members' mean.
struct ReplicasPart : StagePartOf<ReplicasPart> {
  static constexpr const char* kKey = keys::kReplicas;
  int64_t count = 1;
  bool together = false;
  std::string mean;  ///< "geometric": of the members' distributions

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
};

/// Of a stage that adds a number to some output biases.
struct CalibrationPart : StagePartOf<CalibrationPart> {
  static constexpr const char* kKey = "calibration";
  std::string of;
  std::vector<std::string> classes;
  double offset = 0;
  std::string tuned_on;  ///< a split
  int64_t examples = 0;
  Number errors_before, errors_after;

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
  bool says_all() const override { return true; }
};

/// Of a network in bytes.
struct QuantizedPart : StagePartOf<QuantizedPart> {
  static constexpr const char* kKey = "quantized";
  std::string of;
  int64_t examples = 0;  ///< by which ranges were found
  int64_t test_examples = 0;
  Number errors_before, errors_after;
  std::optional<int64_t> onnx_bytes_before, onnx_bytes;

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
};

/// Of a generalist with specialists.
struct SpecialistsPart : StagePartOf<SpecialistsPart> {
  static constexpr const char* kKey = keys::kSpecialists;
  struct Group {
    std::vector<std::string> classes;
    int64_t test_examples = 0;
    void bind(ResultFields& fields);
  };
  /// Among each specialist's classes alone.
  struct Conditional {
    std::optional<double> generalist, specialists;
    void bind(ResultFields& fields);
  };
  /// Test examples of classes that so many specialists know.
  struct Coverage {
    int64_t specialists = 0, examples = 0, generalist_correct = 0, correct = 0;
    std::optional<double> relative_gain;
    void bind(ResultFields& fields);
  };

  int64_t count = 0;
  std::vector<Group> groups;            ///< none of several seeds
  std::vector<int64_t> group_of_class;  ///< the nearest centre of each class; none of several seeds
  std::optional<double> adjusted_rand_index, generalist_accuracy, accuracy, relative_gain;
  Conditional conditional_accuracy;
  std::vector<Coverage> by_coverage;  ///< of several seeds: added up

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
  bool says_all() const override { return true; }
  void combine(const std::vector<const StagePart*>& seeds) override;
};

/// Of a stage that gives the frames of recordings new labels.
struct AlignmentPart : StagePartOf<AlignmentPart> {
  static constexpr const char* kKey = "alignment";
  int64_t rounds = 0;
  Named<double> changed;  ///< by split: of the frames, the part that has another label

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
  bool says_all() const override { return true; }
};

}  // namespace limbeck
