#pragma once
// stages/NAME/evaluation.json: by split, the numbers of results.json with those of each class.
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
  std::optional<double> confidence;  ///< mean; of an empty bin nothing
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

/// The words, or the words in strings, that a recogniser got wrong.
struct WordCounts {
  int64_t words = 0;  ///< said
  int64_t substitutions = 0, deletions = 0, insertions = 0;
  int64_t errors = 0;
  double rate = 0;
  std::optional<double> word_penalty;  ///< of strings

  void bind(ResultFields& fields);
};

}  // namespace limbeck
