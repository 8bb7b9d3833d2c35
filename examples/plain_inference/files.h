#pragma once
// Reads what `limbeck export` wrote: JSON, as much of it as these files need, and safetensors. Machines are taken to be
// little-endian.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using Floats = std::vector<float>;

/// A number or true (1), a text, a list, or a map; what it is not is empty.
struct Json {
  double number = 0;
  std::string text;
  std::vector<Json> items;
  std::map<std::string, Json> members;

  const Json& at(const std::string& key) const {
    const auto found = members.find(key);
    return found != members.end() ? found->second : throw std::runtime_error("there is no '" + key + "'");
  }
  int whole(const std::string& key) const { return static_cast<int>(at(key).number); }
  std::vector<int> wholes() const {
    std::vector<int> all;
    for (const Json& item : items) all.push_back(static_cast<int>(item.number));
    return all;
  }
};

inline Json parse_json(const std::string& s, size_t& at) {
  const auto next = [&] {
    at = s.find_first_not_of(" \t\r\n,:", at);
    return at < s.size() ? s[at] : throw std::runtime_error("the JSON ends early");
  };
  Json value;
  const char first = next();
  if (first == '{') {
    for (++at; next() != '}';) {
      const std::string key = parse_json(s, at).text;
      value.members[key] = parse_json(s, at);
    }
    ++at;
  } else if (first == '[') {
    for (++at; next() != ']';) value.items.push_back(parse_json(s, at));
    ++at;
  } else if (first == '"') {
    for (++at; at < s.size() && s[at] != '"'; ++at) value.text += s[at] == '\\' && at + 1 < s.size() ? s[++at] : s[at];
    ++at;
  } else {
    const size_t end = std::min(s.find_first_of(" \t\r\n,]}", at + 1), s.size());
    const std::string word = s.substr(at, end - at);
    value.number = word == "true" ? 1 : std::strtod(word.c_str(), nullptr);
    at = end;
  }
  return value;
}

inline std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Json read_json(const std::string& name) {
  const std::string text = read_file(name);
  size_t start = 0;
  return parse_json(text, start);
}

/// The float32 tensors of a safetensors file: 8 bytes of header length, a JSON header {"name": {"dtype", "shape",
/// "data_offsets"}}, bytes.
inline std::map<std::string, Floats> read_weights(const std::string& name) {
  const std::string file = read_file(name);
  uint64_t length = 0;
  if (file.size() >= 8) std::memcpy(&length, file.data(), 8);
  if (file.size() < 8 || length > file.size() - 8) throw std::runtime_error(name + " is cut short");
  size_t start = 0;
  const Json header = parse_json(file.substr(8, length), start);
  std::map<std::string, Floats> weights;
  for (const auto& [tensor, entry] : header.members) {
    if (tensor == "__metadata__" || entry.at("dtype").text != "F32") continue;
    const auto begin = static_cast<uint64_t>(entry.at("data_offsets").items.at(0).number);
    const auto end = static_cast<uint64_t>(entry.at("data_offsets").items.at(1).number);
    if (begin > end || end > file.size() - 8 - length) throw std::runtime_error(name + " is cut short at " + tensor);
    Floats& values = weights[tensor] = Floats((end - begin) / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), file.data() + 8 + length + begin, values.size() * sizeof(float));
  }
  return weights;
}
