#pragma once
// Checked access to the JSON of a foreign program: what has another type than expected throws Error, and nothing of
// nlohmann's leaves.
//
//   for (const ExportedJson& node : program.at("graph").at("nodes").list()) node.at("target").text();
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json_fwd.h"

namespace limbeck {

/// A view of a value, which must outlive it.
class ExportedJson {
 public:
  explicit ExportedJson(const Json& value) : value_(&value) {}

  /// The value of a key. Throws Error if this is no object or has no such key.
  ExportedJson at(const char* key) const;
  /// Returns nullopt if there is no such key or its value is null. Throws Error if this is no object.
  std::optional<ExportedJson> find(const char* key) const;
  std::vector<ExportedJson> list() const;
  /// The keys of an object with their values, in their order.
  std::vector<std::pair<std::string, ExportedJson>> members() const;
  /// The one member of an object that says of which kind it is: {"as_int": 3}.
  std::pair<std::string, ExportedJson> tagged() const;

  const std::string& text() const;
  int64_t integer() const;
  /// Also "Infinity", "-Infinity" and "NaN".
  double number() const;
  bool flag() const;

 private:
  [[noreturn]] void refuse(const std::string& expected) const;

  const Json* value_;
};

/// Parses JSON as Python writes it, where numbers may be NaN, Infinity and -Infinity; they become text. Throws Error
/// with `name` in the message.
Json parse_python_json(const std::string& text, const std::string& name);

}  // namespace limbeck
