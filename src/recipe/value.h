#pragma once
// A YAML tree with the source location of each key and value, for diagnostics.
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace limbeck {

struct Entry;

struct Value {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  SourceLocation where;
  std::string scalar;          ///< kind scalar: the text without quotes
  bool quoted = false;         ///< a quoted scalar is text, even when it looks like a number
  std::vector<Value> items;    ///< kind sequence
  std::vector<Entry> entries;  ///< kind map, in the order of the file

  /// Returns the value of a key, or nullptr.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// Returns "a list", "text", "a map", … for messages.
  std::string description() const;
};

struct Entry {
  std::string key;
  SourceLocation where;
  Value value;
};

/// Parses YAML. Syntax errors and duplicate keys are added to `diagnostics`; returns what could be parsed.
Value parse_yaml(const std::string& text, const std::string& file, std::vector<Diagnostic>& diagnostics);

/// Applies one `--set path=value`. Path components are keys; in a list, the `name` of an item, the single key of an
/// item (`soft_targets`), or its index: stages.distilled.loss.soft_targets.temperature=8. Missing keys are added and
/// validated when the recipe is parsed.
void apply_setting(Value& root, const std::string& setting, std::vector<Diagnostic>& diagnostics);

}  // namespace limbeck
