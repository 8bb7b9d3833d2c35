#pragma once
// Overlaid training curves of several runs.
#include <string>
#include <vector>

#include "report/page/page.h"

namespace limbeck {

struct NamedPage {
  std::string name;
  const Page* page = nullptr;
};

/// Returns one chart for each stage that at least two of the runs trained, stages with a teacher first, with one line
/// per run: the error on held-out examples if all of these runs have some, else the training error. Empty for a single
/// run.
std::string compared_curves(const std::vector<NamedPage>& runs);

}  // namespace limbeck
