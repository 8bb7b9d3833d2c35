#pragma once
// stages/NAME/stage.json: what a stage's result depends on, what it found, and fingerprints of the files that it left.
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
  std::vector<std::vector<int64_t>> groups;  ///< of a generalist with specialists: the classes of each
  Named<std::string> files;                  ///< fingerprints of their content; StageFolder::finish sets them

  void bind(ResultFields& fields);
};

/// What the training of one specialist leaves in its record.
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
