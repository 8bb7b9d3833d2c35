#include "programs/exported_json.h"

#include <array>
#include <limits>
#include <string_view>

#include "core/error.h"
#include "core/json.h"

namespace limbeck {

void ExportedJson::refuse(const std::string& expected) const {
  constexpr size_t kShown = 60;
  std::string got = value_->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (got.size() > kShown) got = got.substr(0, kShown) + "…";
  throw Error(fmt::format("expected {}, got {}", expected, got));
}

ExportedJson ExportedJson::at(const char* key) const {
  const std::optional<ExportedJson> found = find(key);
  if (!found) refuse(fmt::format("an object with '{}'", key));
  return *found;
}

std::optional<ExportedJson> ExportedJson::find(const char* key) const {
  if (!value_->is_object()) refuse(fmt::format("an object with '{}'", key));
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null() ? std::nullopt : std::optional(ExportedJson(*found));
}

std::vector<ExportedJson> ExportedJson::list() const {
  if (!value_->is_array()) refuse("a list");
  std::vector<ExportedJson> all;
  for (const Json& value : *value_) all.emplace_back(value);
  return all;
}

std::vector<std::pair<std::string, ExportedJson>> ExportedJson::members() const {
  if (!value_->is_object()) refuse("an object");
  std::vector<std::pair<std::string, ExportedJson>> all;
  for (const auto& [key, value] : value_->get_ref<const Json::object_t&>()) all.emplace_back(key, value);
  return all;
}

std::pair<std::string, ExportedJson> ExportedJson::tagged() const {
  std::vector<std::pair<std::string, ExportedJson>> all = members();
  std::erase_if(all, [](const auto& member) { return member.second.value_->is_null(); });
  if (all.size() != 1) refuse("an object with one key that says its kind");
  return all.front();
}

const std::string& ExportedJson::text() const {
  if (!value_->is_string()) refuse("text");
  return value_->get_ref<const std::string&>();
}

int64_t ExportedJson::integer() const {
  if (value_->is_number_unsigned() &&
      value_->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    refuse("an integer of 64 bits");
  if (!value_->is_number_integer()) refuse("an integer");
  return value_->get<int64_t>();
}

double ExportedJson::number() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value_->is_number()) return value_->get<double>();
  const std::string word = value_->is_string() ? text() : "";
  if (word == "Infinity") return kInfinity;
  if (word == "-Infinity") return -kInfinity;
  if (word != "NaN") refuse("a number");
  return std::numeric_limits<double>::quiet_NaN();
}

bool ExportedJson::flag() const {
  if (!value_->is_boolean()) refuse("true or false");
  return value_->get<bool>();
}

Json parse_python_json(const std::string& text, const std::string& name) {
  constexpr std::array<std::string_view, 3> kWords = {"NaN", "Infinity", "-Infinity"};
  std::string quoted;
  bool in_text = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!in_text && (text[at] == 'N' || text[at] == 'I' || text[at] == '-')) {
      for (const std::string_view word : kWords) {
        if (!std::string_view(text).substr(at).starts_with(word)) continue;
        quoted += fmt::format("\"{}\"", word);
        at += word.size();
        break;
      }
      if (at == text.size()) break;
    }
    if (in_text && text[at] == '\\' && at + 1 < text.size())
      quoted += text[at++];
    else if (text[at] == '"')
      in_text = !in_text;
    quoted += text[at];
  }
  return parse_json(quoted, name);
}

}  // namespace limbeck
