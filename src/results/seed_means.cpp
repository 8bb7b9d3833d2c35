#include "results/seed_means.h"

#include "results/metrics.h"

namespace limbeck {

std::string SeedMeans::path_of(const std::string& key) {
  Open& in = open_.back();
  return in.path + "/" + (key.empty() ? std::to_string(in.next++) : key);
}

void SeedMeans::number(const std::string& key, std::optional<Number>& value, const FieldRule& rule) {
  const std::string path = path_of(key);
  if (rule.over_seeds == OverSeeds::none && writing_) value.reset();
  if (rule.over_seeds != OverSeeds::mean || open_.back().kept) return;
  if (!writing_) {
    if (value) values_[path].push_back(value->value);
  } else if (const auto found = values_.find(path); found != values_.end()) {
    value = Number(spread_of(found->second).mean);
  }
}

void SeedMeans::flag(const std::string& key, std::optional<bool>& value, const FieldRule& rule) {
  path_of(key);
  if (rule.over_seeds == OverSeeds::none && writing_) value.reset();
}

void SeedMeans::text(const std::string& key, std::optional<std::string>& value, const FieldRule& rule) {
  path_of(key);
  if (rule.over_seeds == OverSeeds::none && writing_) value.reset();
}

void SeedMeans::json(const std::string& key, Json& value, const FieldRule& rule) {
  const std::string path = path_of(key);
  if (rule.over_seeds == OverSeeds::none && writing_) value = nullptr;
  if (rule.over_seeds == OverSeeds::mean && !open_.back().kept) numbers_in(path, value);
}

void SeedMeans::numbers_in(const std::string& path, Json& value) {
  if (value.is_object()) {
    for (auto& [key, member] : value.items()) numbers_in(path + "/" + key, member);
  } else if (value.is_number()) {
    if (!writing_)
      values_[path].push_back(value.get<double>());
    else if (const auto found = values_.find(path); found != values_.end())
      value = spread_of(found->second).mean;
  }
}

bool SeedMeans::there(const std::string&, bool is_there, const FieldRule& rule) {
  return is_there && rule.over_seeds != OverSeeds::none;
}

void SeedMeans::open(const std::string& key, const FieldRule& rule) {
  const bool kept = open_.back().kept || rule.over_seeds == OverSeeds::first;
  open_.push_back({path_of(key), 0, kept});
}

void SeedMeans::begin_object(const std::string& key, const FieldRule& rule) {
  open(key, rule);
}

void SeedMeans::end_object() {
  open_.pop_back();
}

size_t SeedMeans::begin_list(const std::string& key, size_t size, const FieldRule& rule) {
  open(key, rule);
  return rule.over_seeds == OverSeeds::none ? 0 : size;
}

void SeedMeans::end_list() {
  open_.pop_back();
}

std::vector<std::string> SeedMeans::begin_names(const std::string& key, std::vector<std::string> names,
                                                const FieldRule& rule) {
  open(key, rule);
  return rule.over_seeds == OverSeeds::none ? std::vector<std::string>{} : names;
}

}  // namespace limbeck
