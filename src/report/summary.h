#pragma once
// The summary table that a run prints at its end.
//
//   stage      network        parameters  teacher  errors  accuracy     NLL  paper       time  examples/s
//   ─────────  ─────────────  ──────────  ───────  ──────  ────────  ──────  ────────  ──────  ──────────
//   teacher    mlp 1200-1200   2,395,210               70   99.30 %  0.0301   67  (+3)  9 min…      18,200
//   …
//   On the test split, 10,000 examples. In brackets: ours minus the paper's.
//   distilled recovers 91 % of the gap: 74 test errors, where baseline makes 146 and teacher 67.
#include <string>

#include "core/json.h"

namespace limbeck {

/// `results` is the content of a run's results.json. Columns that are empty for all stages are omitted, as are those
/// that do not fit into `width` cells. Ends with a newline.
std::string terminal_summary(const Json& results, size_t width = static_cast<size_t>(-1));

}  // namespace limbeck
