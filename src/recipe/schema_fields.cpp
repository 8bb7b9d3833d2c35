#include "recipe/schema_fields.h"

#include <cmath>
#include <utility>
#include <vector>

#include "core/text.h"

namespace limbeck {
namespace {

/// 20, not 20.0.
Json shortest_number(double value) {
  constexpr double kExact = 1e15;
  if (value == std::floor(value) && std::abs(value) < kExact) return static_cast<int64_t>(value);
  return value;
}

Json number_schema(const char* type, const Range& range) {
  Json schema = {{"type", type}};
  if (std::isfinite(range.low)) schema[range.low_open ? "exclusiveMinimum" : "minimum"] = shortest_number(range.low);
  if (std::isfinite(range.high)) schema[range.high_open ? "exclusiveMaximum" : "maximum"] = shortest_number(range.high);
  return schema;
}

std::string with_range(const std::string& meaning, const std::string& allowed) {
  return allowed.empty() ? meaning : meaning + "\n\nAllowed: " + allowed;
}

/// A list of values; a single value is a list of one. The first type is the one that an editor inserts.
Json list_schema(const Json& item, const Length& length) {
  Json schema = length.contains(1) ? item : Json::object();
  Json types = {"array"};
  if (length.contains(1))
    for (const Json& type : item.at("type").is_array() ? item.at("type") : Json::array({item.at("type")}))
      types.push_back(type);
  schema["type"] = std::move(types);
  schema["items"] = item;
  if (length.least > 0) schema["minItems"] = length.least;
  if (length.most < std::numeric_limits<size_t>::max()) schema["maxItems"] = length.most;
  if (length.distinct) schema["uniqueItems"] = true;
  return schema;
}

/// Whether a word or number is certainly one of the values that a schema allows.
bool allows(const Json& schema, const Json& value) {
  if (schema.contains("anyOf"))
    for (const Json& alternative : schema["anyOf"])
      if (allows(alternative, value)) return true;
  if (schema.contains("enum"))
    for (const Json& allowed : schema["enum"])
      if (allowed == value) return true;
  const Json types = schema.value("type", Json());
  const bool is_number = types == "number" || types == "integer" || (types.is_array() && types.front() == "number");
  return value.is_number() && is_number && value.get<double>() >= schema.value("minimum", value.get<double>()) &&
         value.get<double>() <= schema.value("maximum", value.get<double>());
}

/// Writes each field's schema.
class SchemaFields : public Fields {
 public:
  explicit SchemaFields(const PartSchemas& parts) : parts_(parts) {}

  Json take() { return finished(std::move(maps_.front())); }

  void number(const char* name, double& value, const Range& range, const char* meaning) override {
    add(name, number_schema("number", range), shortest_number(value), shortest(value),
        with_range(meaning, range.text()));
  }
  void integer(const char* name, int64_t& value, const Range& range, const char* meaning) override {
    add(name, number_schema("integer", range), value, std::to_string(value), with_range(meaning, range.text()));
  }
  void integers(const char* name, std::vector<int64_t>& value, const Range& range, const Length& length,
                const char* meaning) override {
    add_list(name, "integer", value, range, length, meaning);
  }
  void numbers(const char* name, std::vector<double>& value, const Range& range, const Length& length,
               const char* meaning) override {
    Json standard = Json::array();
    for (const double number : value) standard.push_back(shortest_number(number));
    add_list(name, "number", standard, range, length, meaning);
  }
  void flag(const char* name, bool& value, const char* meaning) override {
    const Json quoted_too = {
        {"type", {"boolean", "string"}}, {"pattern", "^(true|false)$"}, {"errorMessage", "expected true or false"}};
    add(name, quoted_too, value, value ? "true" : "false", meaning);
  }
  void text(const char* name, std::string& value, const char* if_empty, const char* meaning) override {
    add(name, text_schema(0), value.empty() ? Json() : Json(value), value.empty() ? if_empty : value, meaning);
  }
  void feature(const char* name, std::string& value, Presence presence, const char* meaning) override {
    file(name, value, presence, meaning);
  }
  void features(const char* name, std::vector<std::string>& value, Presence presence, const char* meaning) override {
    const bool required = presence == Presence::required;
    add(name, list_schema(text_schema(), {.least = required ? 1U : 0U}), required ? Json() : Json(value),
        required ? "" : "none", meaning);
  }
  void file(const char* name, std::string&, Presence presence, const char* meaning) override {
    const bool required = presence == Presence::required;
    add(name, text_schema(required ? 1 : 0), {}, required ? "" : "none", meaning);
  }
  void references(const char* name, std::vector<std::string>&, const char* meaning) override {
    add(name, list_schema(text_schema(), {.least = 1, .distinct = true}), {}, "", meaning);
  }
  void reference(const char* name, std::string&, const char* meaning) override {
    add(name, text_schema(), {}, "", meaning);
  }
  void choice_of(const char* name, std::string& value, const std::vector<std::string>& names,
                 const char* meaning) override {
    Json allowed = names;
    for (const std::string& word : names)  // `size: 1.5` is a number to an editor
      if (const Json number = Json::parse(word, nullptr, /*allow_exceptions=*/false); number.is_number())
        allowed.push_back(number);
    add(name, {{"enum", allowed}}, value, value, meaning);
  }
  void part(const char* name, const char*, const char* standard, const char* meaning) override {
    const auto found = parts_.find(name);
    if (found == parts_.end()) throw Error(fmt::format("the key '{}' has no schema", name));
    Json value = Json::parse(standard, nullptr, /*allow_exceptions=*/false);
    if (!value.is_number()) value = standard;
    add(name, found->second, allows(found->second, value) ? value : Json(), standard, meaning);
  }
  void begin_group(const char* name, const char* meaning) override {
    maps_.emplace_back();
    names_.emplace_back(name);
    maps_.back().schema["description"] = meaning;
  }
  void end_group() override {
    Json group = finished(std::move(maps_.back()));
    maps_.pop_back();
    maps_.back().properties[names_.back()] = std::move(group);
    names_.pop_back();
  }
  /// What does not hold for the defaults needs a key, though none of them is required.
  void require(bool holds, const std::string&) override {
    if (!holds) maps_.back().schema["minProperties"] = 1;
  }
  void require_both(const char* first, const char* second, bool holds) override {
    require(holds, "");
    for (const auto& [given, other] : {std::pair{first, second}, std::pair{second, first}})
      maps_.back().conditions.push_back(
          {{"if", {{"required", {given}}, {"properties", {{given, {{"not", {{"maxItems", 0}, {"type", "array"}}}}}}}}},
           {"then", {{"required", {other}}}}});
  }

 private:
  struct Map {
    Json schema = Json::object();
    Json properties = Json::object();
    Json required = Json::array();
    Json conditions = Json::array();
  };

  static Json finished(Map map) {
    Json schema = std::move(map.schema);
    const bool empty_is_valid = map.required.empty() && !schema.contains("minProperties");
    schema["type"] = empty_is_valid ? Json({"object", "null"}) : Json("object");
    schema["properties"] = std::move(map.properties);
    if (!map.required.empty()) schema["required"] = std::move(map.required);
    schema["additionalProperties"] = false;
    if (!map.conditions.empty()) schema["allOf"] = std::move(map.conditions);
    return schema;
  }

  template <class Value>
  void add_list(const char* name, const char* type, const Value& value, const Range& range, const Length& length,
                const char* meaning) {
    const bool required = value.empty() && length.least > 0;
    add(name, list_schema(number_schema(type, range), length), required ? Json() : Json(value),
        required ? "" : Json(value).dump(), with_range(meaning, list_text(length, range)));
  }

  /// `value`: the default, as a value that may stand in a recipe; null: none. `standard`: the same as text, or what
  /// the key's absence means; empty: the key is required.
  void add(const char* name, const Json& schema, const Json& value, const std::string& standard,
           const std::string& meaning) {
    Map& map = maps_.back();
    Json property = described(schema, with_default(meaning, standard));
    if (!value.is_null()) property["default"] = value;
    map.properties[name] = std::move(property);
    if (standard.empty()) map.required.push_back(name);
  }

  const PartSchemas& parts_;
  std::vector<std::string> names_;
  std::vector<Map> maps_{1};
};

}  // namespace

Json text_schema(size_t least) {
  Json schema = {{"type", {"string", "number", "boolean"}}};
  if (least > 0) schema["minLength"] = least;
  return schema;
}

Json described(const Json& schema, const std::string& description) {
  Json all = {{"description", description}};
  if (schema.contains("$ref"))
    all["allOf"] = Json::array({schema});
  else
    all.update(schema);
  all["description"] = description;
  return all;
}

std::string with_default(const std::string& meaning, const std::string& standard) {
  return standard.empty() ? meaning : meaning + "\n\nDefault: " + standard;
}

Json describe_map(OptionSet& options, const PartSchemas& parts) {
  SchemaFields fields(parts);
  options.bind(fields);
  return fields.take();
}

bool may_be_empty(const Json& map) {
  return map.at("type").is_array();
}

}  // namespace limbeck
