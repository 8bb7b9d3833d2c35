#pragma once
// stages/NAME/stage.json: the settings that a stage's result depends on, its results, and fingerprints of its files.
#include <string>
#include <vector>

#include "core/json.h"
#include "results/stage_result.h"

namespace limbeck {

/// `Result` is a StageResult, or a SpecialistResult.
template <class Result>
struct RecordOf {
  std::string fingerprint;  ///< of the settings
  Json settings;            ///< everything that the result depends on
  Result results;
  std::vector<std::vector<int64_t>> groups;  ///< for a generalist with specialists: the classes of each specialist
  Named<std::string> files;                  ///< fingerprints of the files' content, set by StageFolder::finish

  void bind(ResultFields& fields);
};

/// The results of training one specialist.
struct SpecialistResult {
  std::string name;
  double seconds = 0;
  int64_t examples = 0;
  double examples_per_second = 0;

  void bind(ResultFields& fields);
};

using StageRecord = RecordOf<StageResult>;
using SpecialistRecord = RecordOf<SpecialistResult>;

}  // namespace limbeck
