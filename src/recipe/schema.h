#pragma once
// What a recipe may hold as JSON Schema, with which editors complete keys, show their meaning and mark mistakes. It is
// made from the catalogue and from the `bind` of each options struct; only the grammar, such as that a stage's loss is
// a list of components, stands in schema.cpp.
//
// What parse_recipe accepts is accepted, and what it refuses is refused as far as JSON Schema can say it: not names
// that must exist, nor conditions between numbers. Beside the keywords of draft 07 there is `errorMessage`, which
// editors show in place of their own message.
#include "core/json_fwd.h"
#include "recipe/catalogue.h"

namespace limbeck {

Json recipe_schema(const Catalogue& catalogue);

}  // namespace limbeck
