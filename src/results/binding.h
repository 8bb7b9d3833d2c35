#pragma once
// Conversion of result structs to and from JSON.
#include "core/json.h"
#include "results/fields.h"

namespace limbeck {

/// Writes bound members into a JSON object.
class ResultWriter : public ResultFields {
 public:
  Json take();

 protected:
  void number(const std::string& key, std::optional<Number>& value, const FieldRule& rule) override;
  void flag(const std::string& key, std::optional<bool>& value, const FieldRule& rule) override;
  void text(const std::string& key, std::optional<std::string>& value, const FieldRule& rule) override;
  void json(const std::string& key, Json& value, const FieldRule& rule) override;
  bool there(const std::string& key, bool is_there, const FieldRule& rule) override;
  void begin_object(const std::string& key, const FieldRule& rule) override;
  void end_object() override;
  size_t begin_list(const std::string& key, size_t size, const FieldRule& rule) override;
  void end_list() override;
  std::vector<std::string> begin_names(const std::string& key, std::vector<std::string> names,
                                       const FieldRule& rule) override;

 private:
  /// An object or list under construction; it is added to its parent when complete.
  struct Open {
    std::string key;
    Json value;
    bool omitted = false;  ///< if it is empty
  };
  void put(const std::string& key, Json value);
  void close();
  std::vector<Open> open_ = {{"", Json::object(), false}};
};

/// Reads bound members from JSON. Members that are missing or of another type keep their initial value. The JSON must
/// outlive the reader.
class ResultReader : public ResultFields {
 public:
  explicit ResultReader(const Json& json);
  std::vector<std::string> keys_there() const override;

 protected:
  void number(const std::string& key, std::optional<Number>& value, const FieldRule& rule) override;
  void flag(const std::string& key, std::optional<bool>& value, const FieldRule& rule) override;
  void text(const std::string& key, std::optional<std::string>& value, const FieldRule& rule) override;
  void json(const std::string& key, Json& value, const FieldRule& rule) override;
  bool there(const std::string& key, bool is_there, const FieldRule& rule) override;
  void begin_object(const std::string& key, const FieldRule& rule) override;
  void end_object() override;
  size_t begin_list(const std::string& key, size_t size, const FieldRule& rule) override;
  void end_list() override;
  std::vector<std::string> begin_names(const std::string& key, std::vector<std::string> names,
                                       const FieldRule& rule) override;

 private:
  /// Returns the member `key` of an object, or the next item of a list.
  const Json& at(const std::string& key);
  std::vector<const Json*> open_;
  std::vector<size_t> next_ = {0};  ///< next item of each open list
};

template <BoundResult Value>
Json to_json(Value value) {
  ResultWriter writer;
  value.bind(writer);
  return writer.take();
}

template <BoundResult Value>
Value from_json(const Json& json) {
  Value value;
  ResultReader reader(json);
  value.bind(reader);
  return value;
}

template <BoundResult Value>
Json to_json(const std::vector<Value>& values) {
  Json list = Json::array();
  for (const Value& value : values) list.push_back(to_json(value));
  return list;
}

template <BoundResult Value>
Json to_json(const Named<Value>& values) {
  Json object = Json::object();
  for (const auto& [name, value] : values) append(object, name, to_json(value));
  return object;
}

template <BoundResult Value>
std::vector<Value> list_from_json(const Json& json) {
  std::vector<Value> values;
  if (json.is_array())
    for (const Json& item : json) values.push_back(from_json<Value>(item));
  return values;
}

}  // namespace limbeck
