#pragma once
// The curves of several runs, laid over each other.
#include <string>
#include <vector>

#include "report/page/page.h"

namespace limbeck {

struct NamedPage {
  std::string name;
  const Page* page = nullptr;
};

/// A chart for each stage that at least two of the runs trained, those with a teacher first, with a line for each run:
/// the error on held-out examples where all of these have some, else on those that they learned from. Empty for one
/// run.
std::string compared_curves(const std::vector<NamedPage>& runs);

}  // namespace limbeck
