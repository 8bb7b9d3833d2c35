#pragma once
#include <string>
#include <utility>
#include <vector>

#include "recipe/catalogue.h"

namespace limbeck {

/// The kinds of components, as they are called on the command line.
const std::vector<std::pair<std::string, Slot>>& component_kinds();

struct ListFlags {
  std::string what;       ///< a kind, a name or a key; empty: what there is
  bool markdown = false;  ///< all of it, as docs/reference.md
};

}  // namespace limbeck
