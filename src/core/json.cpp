#include "core/json.h"

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr size_t kLargestFile = size_t{256} << 20;

/// Builds the value from the parser's events. Json's own builder looks through all keys of an object before it adds
/// one.
class JsonBuilder : public nlohmann::json_sax<Json> {
 public:
  JsonBuilder(const std::string& name, size_t deepest) : name_(name), deepest_(deepest) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }  // no text has any
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool key(std::string& key) override {
    append(*open_.back(), std::move(key), nullptr);
    return true;
  }
  bool end_object() override {
    refuse_duplicates(open_.back()->get_ref<const Json::object_t&>());
    return end_array();
  }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& problem) override {
    throw Error(fmt::format("'{}' is not valid JSON: {}", name_, problem.what()));
  }

 private:
  /// Puts a value in its place: the next of a list, or that of the last key.
  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json empty) {
    if (open_.size() == deepest_) throw Error(fmt::format("'{}' is nested more than {} levels deep", name_, deepest_));
    open_.push_back(place(std::move(empty)));
    return true;
  }

  /// Where the value is now; it stays there while it is open, since nothing is added to what it stands in.
  Json* place(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->get_ref<Json::array_t&>().emplace_back(std::move(value));
    return &(open_.back()->get_ref<Json::object_t&>().back().second = std::move(value));
  }

  void refuse_duplicates(const Json::object_t& object) const {
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : object) keys.emplace_back(key);
    std::sort(keys.begin(), keys.end());
    if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end())
      throw Error(fmt::format("'{}' is not valid: the key '{}' stands twice in an object", name_, *twice));
  }

  const std::string& name_;
  size_t deepest_;
  Json root_;
  std::vector<Json*> open_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& name, size_t deepest) {
  JsonBuilder builder(name, deepest);
  Json::sax_parse(text, &builder);
  return builder.take();
}

std::optional<Json> parse_json_line(std::string_view line) {
  try {
    return parse_json(line, "line");
  } catch (const Error&) {
    return std::nullopt;
  }
}

Json read_json(const fs::path& path) {
  return parse_json(read_file(path, kLargestFile), path.string());
}

void append(Json& object, std::string key, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(std::move(key), std::move(value));
}

}  // namespace limbeck
