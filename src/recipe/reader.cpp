#include "recipe/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/nearest.h"
#include "core/text.h"

namespace limbeck {
namespace {

template <class T>
bool parse_all(const std::string& text, T& out) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(begin, end, out);
  return error == std::errc() && stopped == end && begin != end;
}

const std::string& article_of(const char* type) {
  static const std::string kAn = "an", kA = "a";
  return type[0] == 'i' ? kAn : kA;
}

void wrong_type(const Value& value, const std::string& path, const char* expected, ReadContext& context) {
  context.mistake(value.where, path,
                  fmt::format("expected {} {}, found {}", article_of(expected), expected, value.description()));
}

bool in_range(double number, const Value& value, const std::string& path, const Range& range, ReadContext& context) {
  if (range.contains(number)) return true;
  context.mistake(value.where, path,
                  fmt::format("{} is out of range; expected a value {}", value.scalar, range.text()));
  return false;
}

/// nullptr if no item stands twice.
template <class Item>
const Item* find_repeated(const std::vector<Item>& items) {
  for (auto item = items.begin(); item != items.end(); ++item)
    if (std::find(items.begin(), item, *item) != item) return &*item;
  return nullptr;
}

}  // namespace

bool read_number(const Value& value, const std::string& path, const Range& range, ReadContext& context, double& out) {
  double number = 0;
  if (value.kind != Value::Kind::scalar || value.quoted || !parse_all(value.scalar, number) || !std::isfinite(number)) {
    wrong_type(value, path, "number", context);
    return false;
  }
  if (!in_range(number, value, path, range, context)) return false;
  out = number;
  return true;
}

bool read_integer(const Value& value, const std::string& path, const Range& range, ReadContext& context, int64_t& out) {
  int64_t number = 0;
  if (value.kind != Value::Kind::scalar || value.quoted || !parse_all(value.scalar, number)) {
    wrong_type(value, path, "integer", context);
    return false;
  }
  if (!in_range(static_cast<double>(number), value, path, range, context)) return false;
  out = number;
  return true;
}

bool read_text(const Value& value, const std::string& path, ReadContext& context, std::string& out) {
  if (value.kind != Value::Kind::scalar || value.scalar.empty()) {
    context.mistake(
        value.where, path,
        fmt::format("expected text, found {}", value.kind == Value::Kind::scalar ? "nothing" : value.description()));
    return false;
  }
  out = value.scalar;
  return true;
}

MapReader::MapReader(const Value& value, std::string path, ReadContext& context) : context_(context) {
  frames_.push_back(frame_of(value, path));
}

MapReader::Frame MapReader::frame_of(const Value& value, const std::string& path) {
  Frame frame;
  frame.path = path;
  frame.where = value.where;
  if (value.kind == Value::Kind::map) frame.map = &value;
  frame.wrong_kind = frame.map == nullptr && value.kind != Value::Kind::null;
  if (frame.wrong_kind)
    context_.mistake(value.where, path, fmt::format("expected a map, found {}", value.description()));
  return frame;
}

std::string MapReader::path_of(const std::string& key) const {
  return frames_.back().path.empty() ? key : frames_.back().path + "." + key;
}

void MapReader::part(const char* name, const char*, const char*, const char*) {
  frames_.back().parts.insert(name);
}

/// What is read is documented.
void MapReader::check_part(const std::string& key) const {
  if (!frames_.back().parts.contains(key))
    throw Error(fmt::format("the key '{}' is read and not described", path_of(key)));
}

const Value* MapReader::take(const std::string& key) {
  check_part(key);
  return find(key);
}

const Value* MapReader::require(const std::string& key) {
  check_part(key);
  return require_key(key);
}

const Value* MapReader::find(const std::string& key) {
  Frame& frame = frames_.back();
  frame.valid.push_back(key);
  frame.taken.insert(key);
  return frame.map == nullptr ? nullptr : frame.map->find(key);
}

const Value* MapReader::require_key(const std::string& key) {
  const Value* value = find(key);
  const Frame& frame = frames_.back();
  if (value == nullptr || value->kind == Value::Kind::null) {
    if (frame.wrong_kind) return nullptr;
    context_.mistake(value == nullptr ? frame.where : value->where, frame.path,
                     fmt::format("the key '{}' is {}", key, value == nullptr ? "missing" : "empty"));
    return nullptr;
  }
  return value;
}

void MapReader::finish() {
  finish(frames_.back());
}

void MapReader::finish(const Frame& frame) {
  if (frame.map == nullptr) return;
  for (const Entry& entry : frame.map->entries) {
    if (frame.taken.contains(entry.key)) continue;
    context_.mistake(entry.where, frame.path.empty() ? entry.key : frame.path + "." + entry.key,
                     "unknown key" + suggestion(entry.key, frame.valid));
  }
}

void MapReader::number(const char* name, double& value, const Range& range, const char*) {
  if (const Value* found = find(name)) read_number(*found, path_of(name), range, context_, value);
}

void MapReader::integer(const char* name, int64_t& value, const Range& range, const char*) {
  if (const Value* found = find(name)) read_integer(*found, path_of(name), range, context_, value);
}

/// A list of values that `read(value, path, out)` reads one of; `hidden: 30` is `hidden: [30]`.
template <class Item, class Read>
void MapReader::list(const char* name, const Value* found, const Length& length, std::vector<Item>& value,
                     const char* expected, const Read& read) {
  if (found == nullptr) return;
  if (found->kind == Value::Kind::map || found->kind == Value::Kind::null) {
    wrong_type(*found, path_of(name), expected, context_);
    return;
  }
  std::vector<Item> items;
  Item one{};
  if (found->kind == Value::Kind::scalar) {
    if (!read(*found, path_of(name), one)) return;
    items.push_back(one);
  }
  for (size_t i = 0; i < found->items.size(); ++i)
    if (read(found->items[i], fmt::format("{}[{}]", path_of(name), i), one)) items.push_back(one);
  if (check_length(*found, path_of(name), length, items)) value = std::move(items);
}

/// Items that could not be read are counted too: they are reported already.
template <class Item>
bool MapReader::check_length(const Value& found, const std::string& path, const Length& length,
                             const std::vector<Item>& items) {
  const size_t count = found.kind == Value::Kind::scalar ? 1 : found.items.size();
  const Item* repeated = length.distinct ? find_repeated(items) : nullptr;
  const std::string told = count == 0 ? "no value" : count == 1 ? "1 value" : fmt::format("{} values", count);
  if (!length.contains(count))
    context_.mistake(found.where, path, fmt::format("{}; expected {}", told, length.text()));
  else if (repeated != nullptr)
    context_.mistake(found.where, path, fmt::format("{} stands twice; expected each once", *repeated));
  return length.contains(count) && repeated == nullptr;
}

void MapReader::integers(const char* name, std::vector<int64_t>& value, const Range& range, const Length& length,
                         const char*) {
  const Value* found = length.least > 0 && value.empty() ? require_key(name) : find(name);
  list(name, found, length, value, "list of integers", [&](const Value& item, const std::string& path, int64_t& out) {
    return read_integer(item, path, range, context_, out);
  });
}

void MapReader::numbers(const char* name, std::vector<double>& value, const Range& range, const Length& length,
                        const char*) {
  const Value* found = length.least > 0 && value.empty() ? require_key(name) : find(name);
  list(name, found, length, value, "list of numbers", [&](const Value& item, const std::string& path, double& out) {
    return read_number(item, path, range, context_, out);
  });
}

void MapReader::flag(const char* name, bool& value, const char*) {
  const Value* found = find(name);
  if (found == nullptr) return;
  const bool is_flag = found->kind == Value::Kind::scalar && (found->scalar == "true" || found->scalar == "false");
  if (is_flag)
    value = found->scalar == "true";
  else
    context_.mistake(found->where, path_of(name),
                     fmt::format("expected true or false, found {}", found->description()));
}

void MapReader::text(const char* name, std::string& value, const char*, const char*) {
  const Value* found = find(name);
  if (found == nullptr) return;
  const bool empty = found->kind == Value::Kind::scalar && found->quoted && found->scalar.empty();
  if (empty)
    value.clear();
  else
    read_text(*found, path_of(name), context_, value);
}

void MapReader::file(const char* name, std::string& value, Presence presence, const char* meaning) {
  if (presence == Presence::optional)
    text(name, value, "", meaning);
  else if (const Value* found = require_key(name))
    read_text(*found, path_of(name), context_, value);
}

void MapReader::feature(const char* name, std::string& value, Presence presence, const char* meaning) {
  if (presence == Presence::optional)
    text(name, value, "", meaning);
  else if (const Value* found = require_key(name))
    read_text(*found, path_of(name), context_, value);
}

void MapReader::features(const char* name, std::vector<std::string>& value, Presence presence, const char*) {
  const Value* found = presence == Presence::optional ? find(name) : require_key(name);
  list(name, found, {}, value, "list of features", [&](const Value& item, const std::string& path, std::string& out) {
    return read_text(item, path, context_, out);
  });
  if (found != nullptr && found->kind == Value::Kind::sequence && found->items.empty() &&
      presence == Presence::required)
    context_.mistake(found->where, path_of(name), "expected a list of features, found none");
}

void MapReader::references(const char* name, std::vector<std::string>& value, const char*) {
  const Value* found = require_key(name);
  if (found == nullptr) return;
  value.clear();
  const auto add = [&](const Value& item, const std::string& path) {
    std::string reference;
    if (!read_text(item, path, context_, reference)) return;
    context_.references.push_back({reference, item.where, path});
    value.push_back(std::move(reference));
  };
  if (found->kind == Value::Kind::scalar)
    add(*found, path_of(name));  // `of: first` is `of: [first]`
  else if (found->kind != Value::Kind::sequence || found->items.empty())
    context_.mistake(found->where, path_of(name),
                     fmt::format("expected a list of names, found {}",
                                 found->kind == Value::Kind::sequence ? "none" : found->description()));
  for (size_t i = 0; i < found->items.size(); ++i) add(found->items[i], fmt::format("{}[{}]", path_of(name), i));
  if (const std::string* repeated = find_repeated(value); repeated != nullptr)
    context_.mistake(found->where, path_of(name), fmt::format("'{}' stands twice; expected each once", *repeated));
}

void MapReader::reference(const char* name, std::string& value, const char*) {
  const Value* found = require_key(name);
  if (found == nullptr || !read_text(*found, path_of(name), context_, value)) return;
  context_.references.push_back({value, found->where, path_of(name)});
}

void MapReader::choice_of(const char* name, std::string& value, const std::vector<std::string>& names, const char*) {
  const Value* found = find(name);
  std::string word;
  if (found == nullptr || !read_text(*found, path_of(name), context_, word)) return;
  if (std::find(names.begin(), names.end(), word) != names.end())
    value = word;
  else
    context_.mistake(found->where, path_of(name), fmt::format("unknown value '{}'{}", word, suggestion(word, names)));
}

void MapReader::begin_group(const char* name, const char*) {
  const std::string path = path_of(name);
  const Value* found = find(name);
  static const Value kAbsent;
  Frame frame = frame_of(found == nullptr ? kAbsent : *found, path);
  if (found == nullptr) frame.where = frames_.back().where;
  frames_.push_back(std::move(frame));
}

void MapReader::end_group() {
  finish(frames_.back());
  frames_.pop_back();
}

void MapReader::require(bool holds, const std::string& otherwise) {
  if (!holds) context_.mistake(frames_.back().where, frames_.back().path, otherwise);
}

Choice read_options(const std::string& name, const Value& options, const SourceLocation& where, const std::string& path,
                    Slot slot, ReadContext& context, const std::function<void(MapReader&)>& also) {
  const auto component = context.catalogue.find(slot, name);
  if (component == nullptr) {
    context.mistake(
        where, path,
        fmt::format("unknown {} '{}'{}", slot_name(slot), name, suggestion(name, context.catalogue.names(slot))));
    return {};
  }
  Choice choice{component, component->default_options(), where};
  const bool bare = options.kind == Value::Kind::scalar || options.kind == Value::Kind::sequence;
  Value wrapped;
  if (bare && !component->info().principal.empty()) {
    wrapped.kind = Value::Kind::map;
    wrapped.where = options.where;
    wrapped.entries.push_back({component->info().principal, options.where, options});
  }
  MapReader reader(wrapped.kind == Value::Kind::map ? wrapped : options, path, context);
  if (also) also(reader);
  choice.options->bind(reader);
  reader.finish();
  return choice;
}

Choice read_choice(const Value& value, const std::string& path, Slot slot, ReadContext& context,
                   const std::function<void(MapReader&)>& also, const std::set<std::string>& siblings) {
  static const Value kNothing;
  if (value.kind == Value::Kind::scalar) {
    Value nothing = kNothing;
    nothing.where = value.where;
    return read_options(value.scalar, nothing, value.where, path, slot, context, also);
  }
  std::vector<const Entry*> components;
  for (const Entry& entry : value.entries)
    if (!siblings.contains(entry.key)) components.push_back(&entry);
  if (value.kind != Value::Kind::map || components.empty()) {
    context.mistake(value.where, path,
                    fmt::format("expected a {}: {}", slot_name(slot), quoted_list(context.catalogue.names(slot))));
    return {};
  }
  // Of several keys the registered one is the component; the others are mistyped neighbours.
  const auto known = [&](const Entry* entry) { return context.catalogue.find(slot, entry->key) != nullptr; };
  std::stable_partition(components.begin(), components.end(), known);
  for (size_t i = 1; i < components.size(); ++i) {
    const std::string& key = components[i]->key;
    context.mistake(components[i]->where, path.empty() ? key : path + "." + key,
                    known(components[i])
                        ? fmt::format("a second {}; '{}' stands here already", slot_name(slot), components[0]->key)
                        : "unknown key" + suggestion(key, {siblings.begin(), siblings.end()}));
  }
  const Entry& entry = *components.front();
  return read_options(entry.key, entry.value, entry.where, path.empty() ? entry.key : path + "." + entry.key, slot,
                      context, also);
}

}  // namespace limbeck
