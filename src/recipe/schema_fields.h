#pragma once
// The fields of an options struct as JSON Schema (draft 07), through the `bind` that also reads them.
//
//   describe_map(options) → { "type": ["object", "null"], "properties": { "temperature": { "type": "number",
//     "exclusiveMinimum": 0, "default": 4, "description": … } }, "additionalProperties": false }
#include <map>
#include <string>

#include "core/json.h"
#include "recipe/catalogue.h"

namespace limbeck {

/// The schemas of the keys that the recipe reader parses itself, by their names.
using PartSchemas = std::map<std::string, Json>;

/// Any text: YAML's numbers and booleans are text where text is expected. `least`: number of characters.
Json text_schema(size_t least = 1);

/// The schema with a description. Of a reference the description stands beside it, as draft 07 asks.
Json described(const Json& schema, const std::string& description);

/// "…\n\nDefault: 4"
std::string with_default(const std::string& meaning, const std::string& standard);

/// The schema of a map of these fields: of one key each, and no others. `null` stands for an empty map where that is
/// valid. Throws Error if a part has no schema.
Json describe_map(OptionSet& options, const PartSchemas& parts = {});

/// Whether a map may be empty, by its schema.
bool may_be_empty(const Json& map);

}  // namespace limbeck
