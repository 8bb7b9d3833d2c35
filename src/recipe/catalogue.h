#pragma once
// What the components of a catalogue (limbeck/catalogue.h) say of their options.
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json_fwd.h"
#include "limbeck/catalogue.h"

namespace limbeck {

/// One option of a component, as `limbeck list` shows it.
struct FieldDescription {
  std::string name;           ///< "dropout.input"
  std::string type;           ///< "number", "integer", …
  std::string default_value;  ///< as written in a recipe
  std::string allowed;        ///< "above 0", "'input' or 'hidden'"; may be empty
  std::string meaning;
};

std::vector<FieldDescription> describe_fields(OptionSet& options);

/// Returns every option with its value: {"temperature": 4.0}.
Json field_values(OptionSet& options);

/// Returns the names of the files that a component's options refer to; empty for an empty choice.
std::vector<std::string> files_of(const Choice& choice);

/// {"soft_targets": {"temperature": 4.0}}
Json resolve(const Choice& choice);

}  // namespace limbeck
