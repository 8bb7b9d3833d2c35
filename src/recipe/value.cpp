#include "recipe/value.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/nearest.h"

namespace limbeck {
namespace {

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> steps(1);
  for (const char c : path) {
    if (c == '.' || c == '[') {
      if (!(c == '[' && steps.back().empty())) steps.emplace_back();
    } else if (c != ']') {
      steps.back() += c;
    }
  }
  return steps;
}

/// The names by which the items of a list can be addressed.
std::vector<std::string> item_names(const Value& list) {
  std::vector<std::string> names;
  for (const Value& item : list.items) {
    const Value* name = item.find("name");
    if (name != nullptr)
      names.push_back(name->scalar);
    else if (item.kind == Value::Kind::map)
      for (const Entry& entry : item.entries) names.push_back(entry.key);
    else if (item.kind == Value::Kind::scalar)
      names.push_back(item.scalar);
  }
  return names;
}

/// The item of a list that a step names; a step that is the single key of an item leads to that key's value.
Value* find_item(Value& list, const std::string& step) {
  for (Value& item : list.items) {
    const Value* name = item.find("name");
    if (name != nullptr && name->scalar == step) return &item;
  }
  for (Value& item : list.items) {
    if (Value* value = item.find(step); value != nullptr) return value;
    if (item.kind == Value::Kind::scalar && item.scalar == step) {  // `- hard_labels` is `- hard_labels: {}`
      Entry entry{step, item.where, {}};
      entry.value.where = item.where;
      item.kind = Value::Kind::map;
      item.entries.push_back(entry);
      return &item.entries.back().value;
    }
  }
  size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool is_index = error == std::errc() && end == step.data() + step.size();
  return is_index && index < list.items.size() ? &list.items[index] : nullptr;
}

void set_location(Value& value, const SourceLocation& where) {
  value.where = where;
  for (Value& item : value.items) set_location(item, where);
  for (Entry& entry : value.entries) {
    entry.where = where;
    set_location(entry.value, where);
  }
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

std::string Value::description() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return fmt::format("'{}'", scalar);
    case Kind::sequence:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "?";
}

void apply_setting(Value& root, const std::string& setting, std::vector<Diagnostic>& diagnostics) {
  const SourceLocation where{"--set " + setting, 0, 0};
  const size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    diagnostics.push_back({where, "", "expected KEY=VALUE, e.g. stages.distilled.epochs=10"});
    return;
  }
  std::vector<Diagnostic> syntax;
  Value value;
  if (equals + 1 < setting.size()) value = parse_yaml(setting.substr(equals + 1), where.file, syntax);
  set_location(value, where);
  for (Diagnostic& diagnostic : syntax) diagnostics.push_back({where, "", diagnostic.message});
  if (!syntax.empty()) return;

  Value* at = &root;
  for (const std::string& step : split_path(setting.substr(0, equals))) {
    if (at->kind == Value::Kind::sequence) {
      Value* item = find_item(*at, step);
      if (item == nullptr) {
        diagnostics.push_back({where, "", fmt::format("no item '{}'{}", step, suggestion(step, item_names(*at)))});
        return;
      }
      at = item;
      continue;
    }
    if (at->kind != Value::Kind::map) {  // a shorthand such as `shift: 2` becomes a map, so that a key can be set in it
      at->kind = Value::Kind::map;
      at->scalar.clear();
    }
    if (at->find(step) == nullptr) at->entries.push_back({step, where, {}});
    at = at->find(step);
  }
  *at = std::move(value);
}

}  // namespace limbeck
