#pragma once
// A small data set of the real kind: the built-in digits.
#include <memory>

#include "experiment/components.h"
#include "limbeck/dataset.h"
#include "recipe/reader.h"

namespace limbeck {

inline Choice choose(Slot slot, const std::string& yaml) {
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
  const Choice choice = read_choice(parse_yaml(yaml, "test", diagnostics), "test", slot, context);
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return choice;
}

inline std::unique_ptr<Dataset> small_digits(int train = 300, int test = 100) {
  return choose(Slot::data, "{digits: {train: " + std::to_string(train) + ", test: " + std::to_string(test) + "}}")
      .make<Dataset, const DataFolders&>(DataFolders());
}

}  // namespace limbeck
