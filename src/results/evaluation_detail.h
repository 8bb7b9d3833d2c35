#pragma once
// stages/NAME/evaluation.json: by split, the metrics of results.json and those of each class.
#include <optional>
#include <string>
#include <vector>

#include "results/metrics.h"

namespace limbeck {

struct ClassDetail {
  std::string name;
  int64_t examples = 0;
  int64_t errors = 0;
  std::optional<double> recall;
  std::optional<double> precision;

  void bind(ResultFields& fields);
};

/// One bin of a reliability diagram: the examples whose confidence lies in (low, high].
struct BinDetail {
  double low = 0;
  double high = 0;
  int64_t count = 0;
  std::optional<double> confidence;  ///< mean; none for an empty bin
  std::optional<double> accuracy;

  void bind(ResultFields& fields);
};

struct EvaluationDetail {
  Metrics summary;
  std::vector<ClassDetail> classes;
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  std::vector<BinDetail> reliability;

  void bind(ResultFields& fields);
};

/// Word errors of a speech recognizer, on single words or on strings of words.
struct WordCounts {
  int64_t words = 0;  ///< in the reference
  int64_t substitutions = 0, deletions = 0, insertions = 0;
  int64_t errors = 0;
  double rate = 0;
  std::optional<double> word_penalty;  ///< of strings

  void bind(ResultFields& fields);
};

}  // namespace limbeck
