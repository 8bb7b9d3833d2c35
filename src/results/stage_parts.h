#pragma once
// The additional results of this program's kinds of stages, as shown in reports.
#include "results/keys.h"
#include "results/stage_part.h"

namespace limbeck {

/// An ensemble: its metrics are those of the mean of its members.
struct ReplicasPart : StagePartOf<ReplicasPart> {
  static constexpr const char* kKey = keys::kReplicas;
  int64_t count = 1;
  bool together = false;
  std::string mean;  ///< "geometric": of the members' distributions

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
};

/// Class-bias calibration: a constant added to some output biases.
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

/// A network quantized to int8.
struct QuantizedPart : StagePartOf<QuantizedPart> {
  static constexpr const char* kKey = "quantized";
  std::string of;
  int64_t examples = 0;  ///< used to determine the quantization ranges
  int64_t test_examples = 0;
  Number errors_before, errors_after;
  std::optional<int64_t> onnx_bytes_before, onnx_bytes;

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
};

/// A generalist with specialists.
struct SpecialistsPart : StagePartOf<SpecialistsPart> {
  static constexpr const char* kKey = keys::kSpecialists;
  struct Group {
    std::vector<std::string> classes;
    int64_t test_examples = 0;
    void bind(ResultFields& fields);
  };
  /// Accuracy among each specialist's classes only.
  struct Conditional {
    std::optional<double> generalist, specialists;
    void bind(ResultFields& fields);
  };
  /// Test examples of classes that this number of specialists cover.
  struct Coverage {
    int64_t specialists = 0, examples = 0, generalist_correct = 0, correct = 0;
    std::optional<double> relative_gain;
    void bind(ResultFields& fields);
  };

  int64_t count = 0;
  std::vector<Group> groups;            ///< empty for several seeds
  std::vector<int64_t> group_of_class;  ///< nearest cluster center of each class; empty for several seeds
  std::optional<double> adjusted_rand_index, generalist_accuracy, accuracy, relative_gain;
  Conditional conditional_accuracy;
  std::vector<Coverage> by_coverage;  ///< summed over several seeds

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
  bool says_all() const override { return true; }
  void combine(const std::vector<const StagePart*>& seeds) override;
};

/// Forced alignment: new labels for the frames of recordings.
struct AlignmentPart : StagePartOf<AlignmentPart> {
  static constexpr const char* kKey = "alignment";
  int64_t rounds = 0;
  Named<double> changed;  ///< by split: fraction of frames whose label changed

  void bind(ResultFields& fields) override;
  std::string note(const StageResult& stage) const override;
  bool says_all() const override { return true; }
};

}  // namespace limbeck
