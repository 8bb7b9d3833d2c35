#include "results/metrics.h"

#include <cmath>
#include <numeric>

#include "core/json.h"
#include "results/json_fields.h"
#include "results/keys.h"

namespace limbeck {
namespace {

Number number_in_json(const Json& json) {
  Number number(json.get<double>());  // one that is not finite too
  number.whole = json.is_number_integer();
  return number;
}

Json json_of(const Number& number) {
  return number.whole ? Json(static_cast<int64_t>(number.value)) : Json(number.value);
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  const auto count = static_cast<double>(values.size());
  Spread spread;
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  if (count > 1) spread.deviation = std::sqrt(squares / (count - 1));
  spread.values = std::move(values);
  return spread;
}

Json Spread::json() const {
  return {{keys::kMean, mean}, {keys::kDeviation, deviation ? Json(*deviation) : Json()}, {keys::kValues, values}};
}

void Spread::read(const Json& json) {
  *this = {};
  mean = (json.is_object() ? json_number(json, keys::kMean) : json_number(json)).value_or(0);
  deviation = json_number(json, keys::kDeviation);
  for (const Json& value : json_items(json_field(json, keys::kValues)))
    if (const auto finite = json_number(value)) values.push_back(*finite);
}

Json metric_json(const MetricValue& value) {
  if (const auto* number = std::get_if<Number>(&value)) return json_of(*number);
  if (const auto* group = std::get_if<Metrics>(&value)) return group->json();
  if (const auto* list = std::get_if<std::vector<Number>>(&value)) {
    Json json = Json::array();
    for (const Number& number : *list) json.push_back(json_of(number));
    return json;
  }
  return nullptr;
}

MetricValue metric_from(const Json& json) {
  if (json.is_number()) return number_in_json(json);
  if (json.is_object()) {
    Metrics group;
    group.read(json);
    return group;
  }
  if (!json.is_array()) return {};
  std::vector<Number> list;
  for (const Json& item : json)
    if (item.is_number()) list.push_back(number_in_json(item));
  return list;
}

Metrics::Metrics() = default;
Metrics::Metrics(std::initializer_list<std::pair<std::string, MetricValue>> values) {
  for (const auto& [name, value] : values) values_[name] = value;
}
Metrics::Metrics(const Metrics&) = default;
Metrics::Metrics(Metrics&&) noexcept = default;
Metrics& Metrics::operator=(const Metrics&) = default;
Metrics& Metrics::operator=(Metrics&&) noexcept = default;
Metrics::~Metrics() = default;

std::optional<double> Metrics::number(const std::string& name) const {
  if (const MetricValue* found = values_.find(name)) {
    const auto* number = std::get_if<Number>(found);
    return number != nullptr && std::isfinite(number->value) ? std::optional(number->value) : std::nullopt;
  }
  const size_t dot = name.find('.');
  const Metrics* in = dot == std::string::npos ? nullptr : group(name.substr(0, dot));
  return in == nullptr ? std::nullopt : in->number(name.substr(dot + 1));
}

const Metrics* Metrics::group(const std::string& name) const {
  const MetricValue* found = values_.find(name);
  return found == nullptr ? nullptr : std::get_if<Metrics>(found);
}

void Metrics::set(const std::string& name, MetricValue value) {
  values_[name] = std::move(value);
}

void Metrics::set_all(const Metrics& other) {
  for (const auto& [name, value] : other) set(name, value);
}

Json Metrics::json() const {
  Json json = Json::object();
  for (const auto& [name, value] : values_) append(json, name, metric_json(value));
  return json;
}

void Metrics::read(const Json& json) {
  values_.clear();
  if (!json.is_object()) return;
  for (const auto& [name, value] : json.items()) values_.add(name, metric_from(value));
}

Spreads::Spreads() = default;
Spreads::Spreads(const Spreads&) = default;
Spreads::Spreads(Spreads&&) noexcept = default;
Spreads& Spreads::operator=(const Spreads&) = default;
Spreads& Spreads::operator=(Spreads&&) noexcept = default;
Spreads::~Spreads() = default;

const Spread* Spreads::spread(const std::string& name) const {
  const Value* found = values_.find(name);
  return found == nullptr ? nullptr : std::get_if<Spread>(found);
}

const Spreads* Spreads::group(const std::string& name) const {
  const Value* found = values_.find(name);
  return found == nullptr ? nullptr : std::get_if<Spreads>(found);
}

void Spreads::set(const std::string& name, Value value) {
  values_[name] = std::move(value);
}

Json Spreads::json() const {
  Json json = Json::object();
  for (const auto& [name, value] : values_)
    append(json, name, std::visit([](const auto& it) { return it.json(); }, value));
  return json;
}

void Spreads::read(const Json& json) {
  values_.clear();
  if (!json.is_object()) return;
  for (const auto& [name, value] : json.items()) {
    if (value.is_number() || json_number(value, keys::kMean)) {
      Spread spread;
      spread.read(value);
      values_.add(name, std::move(spread));
    } else if (value.is_object()) {
      Spreads group;
      group.read(value);
      values_.add(name, std::move(group));
    }
  }
}

void combine_metrics(const std::vector<const Metrics*>& seeds, Metrics& means, Spreads& spreads) {
  for (auto& [name, value] : means.values_) {
    if (name == keys::kExamples) continue;
    std::vector<double> numbers;
    std::vector<const Metrics*> groups;
    for (const Metrics* seed : seeds) {
      const MetricValue* found = seed->values_.find(name);
      if (found == nullptr) continue;
      if (const auto* number = std::get_if<Number>(found)) numbers.push_back(number->value);
      if (const auto* group = std::get_if<Metrics>(found)) groups.push_back(group);
    }
    if (auto* group = std::get_if<Metrics>(&value)) {
      Spreads inner;
      combine_metrics(groups, *group, inner);
      if (!inner.empty()) spreads.set(name, std::move(inner));
    } else if (!numbers.empty()) {
      const Spread spread = spread_of(std::move(numbers));
      value = Number(spread.mean);
      spreads.set(name, spread);
    }
  }
  means.values_.erase_if([](const MetricValue& value) { return std::holds_alternative<std::vector<Number>>(value); });
}

}  // namespace limbeck
