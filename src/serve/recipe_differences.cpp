#include "serve/recipe_differences.h"

#include <algorithm>
#include <map>
#include <set>

namespace limbeck {
namespace {

/// Settings by their paths, as --set has them.
struct FlatRecipe {
  std::vector<std::string> keys;  ///< in the recipe's order
  std::map<std::string, std::string> values;
};

std::string joined(const std::string& path, const std::string& step) {
  return path.empty() ? step : path + "." + step;
}

/// What a list's entry is called: its name, or its one key; empty where it has neither.
std::string name_of(const Json& entry) {
  if (!entry.is_object()) return "";
  if (const auto name = entry.find("name"); name != entry.end() && name->is_string()) return name->get<std::string>();
  return entry.size() == 1 ? entry.begin().key() : "";
}

void flatten(const Json& value, const std::string& path, FlatRecipe& flat) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, member] : value.items()) flatten(member, joined(path, key), flat);
    return;
  }
  const bool named = value.is_array() && !value.empty() &&
                     std::none_of(value.begin(), value.end(), [](const Json& entry) { return name_of(entry).empty(); });
  if (!named) {
    if (flat.values.emplace(path, value.is_string() ? value.get<std::string>() : value.dump()).second)
      flat.keys.push_back(path);
    return;
  }
  for (const Json& entry : value) {
    const std::string name = name_of(entry);
    if (!entry.contains("name")) {
      flatten(entry, path, flat);
      continue;
    }
    for (const auto& [key, member] : entry.items())
      if (key != "name") flatten(member, joined(joined(path, name), key), flat);
  }
}

bool has_below(const FlatRecipe& flat, const std::string& path) {
  const auto at = flat.values.lower_bound(path);
  return at != flat.values.end() && (at->first == path || at->first.starts_with(path + "."));
}

/// The shortest path to the key below which one of the recipes has nothing; the key itself where all have it.
std::string missing_part(const std::string& key, const std::vector<FlatRecipe>& flats) {
  for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
    const std::string part = key.substr(0, dot);
    if (std::any_of(flats.begin(), flats.end(), [&](const FlatRecipe& flat) { return !has_below(flat, part); }))
      return part;
  }
  return key;
}

Json value_at(const FlatRecipe& flat, const std::string& key) {
  if (const auto own = flat.values.find(key); own != flat.values.end()) return own->second;
  return has_below(flat, key) ? Json("there") : Json();
}

}  // namespace

Json recipe_differences(const std::vector<Json>& recipes) {
  std::vector<FlatRecipe> flats;
  for (Json recipe : recipes) {
    if (recipe.is_object())
      for (const char* shown_elsewhere : {"plots", "paper"}) recipe.erase(shown_elsewhere);
    flatten(recipe, "", flats.emplace_back());
  }
  Json differences = Json::array();
  std::set<std::string> seen;
  for (const FlatRecipe& flat : flats)
    for (const std::string& key : flat.keys) {
      const std::string part = missing_part(key, flats);
      if (part.empty() || !seen.insert(part).second) continue;
      Json values = Json::array();
      for (const FlatRecipe& other : flats) values.push_back(value_at(other, part));
      if (!std::all_of(values.begin(), values.end(), [&](const Json& value) { return value == values.front(); }))
        differences.push_back({{"key", part}, {"values", std::move(values)}});
    }
  return differences;
}

}  // namespace limbeck
