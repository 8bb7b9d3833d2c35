#pragma once
#include <string>
#include <utility>
#include <vector>

#include "recipe/catalogue.h"

namespace limbeck {

/// Returns the kinds of components, by their names on the command line.
const std::vector<std::pair<std::string, Slot>>& component_kinds();

struct ListFlags {
  std::string what;       ///< a kind, a name or a key; empty: an overview
  bool markdown = false;  ///< everything, as docs/reference.md
  bool schema = false;    ///< everything, as JSON Schema
};

}  // namespace limbeck
