#include "results/binding.h"

#include "results/json_fields.h"

namespace limbeck {
namespace {

const Json kNothingThere;

Json number_json(const Number& number) {
  return number.whole ? Json(static_cast<int64_t>(number.value)) : Json(number.value);
}

}  // namespace

Json ResultWriter::take() {
  return std::move(open_.front().value);
}

void ResultWriter::put(const std::string& key, Json value) {
  Json& into = open_.back().value;
  if (into.is_array())
    into.push_back(std::move(value));
  else
    append(into, key, std::move(value));
}

void ResultWriter::number(const std::string& key, std::optional<Number>& value, const FieldRule& rule) {
  if (value)
    put(key, number_json(*value));
  else if (rule.gap == Gap::null)
    put(key, nullptr);
}

void ResultWriter::flag(const std::string& key, std::optional<bool>& value, const FieldRule& rule) {
  if (value)
    put(key, *value);
  else if (rule.gap == Gap::null)
    put(key, nullptr);
}

void ResultWriter::text(const std::string& key, std::optional<std::string>& value, const FieldRule& rule) {
  if (value)
    put(key, *value);
  else if (rule.gap == Gap::null)
    put(key, nullptr);
}

void ResultWriter::json(const std::string& key, Json& value, const FieldRule& rule) {
  if (!value.is_null() || rule.gap == Gap::null) put(key, value);
}

bool ResultWriter::there(const std::string& key, bool is_there, const FieldRule& rule) {
  if (!is_there && rule.gap == Gap::null) put(key, nullptr);
  return is_there;
}

void ResultWriter::begin_object(const std::string& key, const FieldRule&) {
  open_.push_back({key, Json::object(), false});
}

void ResultWriter::end_object() {
  close();
}

size_t ResultWriter::begin_list(const std::string& key, size_t size, const FieldRule& rule) {
  open_.push_back({key, Json::array(), rule.gap == Gap::omitted});
  return size;
}

void ResultWriter::end_list() {
  close();
}

std::vector<std::string> ResultWriter::begin_names(const std::string& key, std::vector<std::string> names,
                                                   const FieldRule& rule) {
  open_.push_back({key, Json::object(), rule.gap == Gap::omitted});
  return names;
}

void ResultWriter::close() {
  Open done = std::move(open_.back());
  open_.pop_back();
  if (!done.omitted || !done.value.empty()) put(done.key, std::move(done.value));
}

ResultReader::ResultReader(const Json& json) : open_{json.is_object() ? &json : &kNothingThere} {}

const Json& ResultReader::at(const std::string& key) {
  const Json& in = *open_.back();
  return in.is_array() ? in[next_.back()++] : json_field(in, key);
}

std::vector<std::string> ResultReader::keys_there() const {
  std::vector<std::string> keys;
  if (open_.back()->is_object())
    for (const auto& [key, value] : open_.back()->items()) keys.push_back(key);
  return keys;
}

void ResultReader::number(const std::string& key, std::optional<Number>& value, const FieldRule&) {
  value.reset();
  const Json& there = at(key);
  const std::optional<double> found = json_number(there);
  if (!found) return;
  value = Number(*found);
  value->whole = there.is_number_integer();
}

void ResultReader::flag(const std::string& key, std::optional<bool>& value, const FieldRule&) {
  const Json& there = at(key);
  value = there.is_boolean() ? std::optional(there.get<bool>()) : std::nullopt;
}

void ResultReader::text(const std::string& key, std::optional<std::string>& value, const FieldRule&) {
  const Json& there = at(key);
  value = there.is_primitive() && !there.is_null() ? std::optional(json_text(there)) : std::nullopt;
}

void ResultReader::json(const std::string& key, Json& value, const FieldRule&) {
  value = at(key);
}

bool ResultReader::there(const std::string& key, bool, const FieldRule&) {
  const Json& in = *open_.back();
  return (in.is_array() ? in[next_.back()] : json_field(in, key)).is_structured();
}

void ResultReader::begin_object(const std::string& key, const FieldRule&) {
  const Json& found = at(key);
  open_.push_back(found.is_object() ? &found : &kNothingThere);
  next_.push_back(0);
}

void ResultReader::end_object() {
  open_.pop_back();
  next_.pop_back();
}

size_t ResultReader::begin_list(const std::string& key, size_t, const FieldRule&) {
  const Json& found = at(key);
  open_.push_back(&found);
  next_.push_back(0);
  return json_items(found).size();
}

void ResultReader::end_list() {
  end_object();
}

std::vector<std::string> ResultReader::begin_names(const std::string& key, std::vector<std::string>,
                                                   const FieldRule& rule) {
  begin_object(key, rule);
  return keys_there();
}

}  // namespace limbeck
