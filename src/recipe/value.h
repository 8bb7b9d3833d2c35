#pragma once
// YAML as a tree in which each key and each value has its location in the file, for diagnostics.
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

  /// The value of a key, or nullptr.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// "a list", "text", "a map" …, for messages.
  std::string description() const;
};

struct Entry {
  std::string key;
  SourceLocation where;
  Value value;
};

/// Reads YAML. Syntax errors and duplicate keys are added to `diagnostics`; what could be read is returned.
Value parse_yaml(const std::string& text, const std::string& file, std::vector<Diagnostic>& diagnostics);

/// Applies one `--set path=value`. Steps of the path are keys; in a list a step is the `name` of an item, the single
/// key of an item (`soft_targets`), or its index: stages.distilled.loss.soft_targets.temperature=8. Missing keys are
/// added, and checked like all others when the recipe is read.
void apply_setting(Value& root, const std::string& setting, std::vector<Diagnostic>& diagnostics);

}  // namespace limbeck
