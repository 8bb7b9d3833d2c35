#pragma once
// docs/reference.md: every key of a recipe and every component, as Markdown. `limbeck list --markdown` prints it.
#include <string>

namespace limbeck {

/// Returns all sections of the recipe, then each kind of component. Lines have at most 120 columns, unless a single
/// word is longer.
std::string recipe_reference();

}  // namespace limbeck
