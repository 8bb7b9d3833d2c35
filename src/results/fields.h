#pragma once
// The single description of a result struct, from which reading, writing and averaging over seeds are derived. A struct
// lists its members in `bind`:
//
//   struct StopResult {
//     Number epoch;        // last epoch trained
//     int64_t epochs = 0;  // planned: the same in all seeds
//     void bind(ResultFields& fields) {
//       fields.value("epoch", epoch);  // over several seeds: the mean
//       fields.value("epochs", epochs);
//     }
//   };
//   const Json json = to_json(stop);                       // results/binding.h
//   const auto again = from_json<StopResult>(json);
//
// Reading is lenient: members that are missing or of another type keep their initial value.
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/json_fwd.h"

namespace limbeck {

/// How a member is combined over several seeds.
enum class OverSeeds {
  mean,   ///< numbers: their mean; integers and text: the first seed's value; structs and lists: member by member
  first,  ///< the first seed's value
  none    ///< omitted: only in the results of each seed
};

/// How a member without value is written.
enum class Gap { null, omitted };

/// A JSON number: counts are written without a decimal point, means of counts with one.
struct Number {
  double value = 0;
  bool whole = false;

  Number() = default;
  template <class Value>
  requires std::is_arithmetic_v<Value> Number(Value number)
      : value(static_cast<double>(number)), whole(std::is_integral_v<Value>) {}  // NOLINT: a number
  bool operator==(const Number&) const = default;
};

struct FieldRule {
  OverSeeds over_seeds = OverSeeds::mean;
  Gap gap = Gap::null;

  FieldRule() = default;
  FieldRule(OverSeeds over) : over_seeds(over) {}  // NOLINT: one of the two is enough
  FieldRule(Gap of) : gap(of) {}                   // NOLINT
  FieldRule(OverSeeds over, Gap of) : over_seeds(over), gap(of) {}
};

/// A map from names to values that keeps insertion order.
template <class Value>
class Named {
 public:
  using Entry = std::pair<std::string, Value>;

  const Value* find(const std::string& name) const {
    for (const Entry& entry : entries_)
      if (entry.first == name) return &entry.second;
    return nullptr;
  }
  Value* find(const std::string& name) { return const_cast<Value*>(std::as_const(*this).find(name)); }
  /// Inserts a default value if the name is missing.
  Value& operator[](const std::string& name) {
    if (Value* found = find(name)) return *found;
    return entries_.emplace_back(name, Value()).second;
  }
  void erase(const std::string& name) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; });
  }
  template <class Predicate>
  void erase_if(const Predicate& predicate) {
    std::erase_if(entries_, [&](const Entry& entry) { return predicate(entry.second); });
  }
  /// Adds a value; the name must be new.
  void add(std::string name, Value value) { entries_.emplace_back(std::move(name), std::move(value)); }
  void clear() { entries_.clear(); }
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

class ResultFields;

/// A struct that lists its members in `bind`.
template <class Value>
concept BoundResult = requires(Value& value, ResultFields& fields) {
  value.bind(fields);
};
/// A struct with a custom JSON format: `Json json() const` and `void read(const Json&)`.
template <class Value>
concept OpenResult = requires(const Value& value) {
  value.json();
};

/// The visitor to which a result struct binds its members.
class ResultFields {
 public:
  virtual ~ResultFields() = default;

  /// Binds a number, bool, text, JSON, struct with `bind`, or an optional value, list or `Named` of these.
  template <class Value>
  void value(const std::string& key, Value& value, const FieldRule& rule = {});

  /// Returns the keys of the object being read, so that a struct can find unknown members; empty while writing.
  virtual std::vector<std::string> keys_there() const { return {}; }

 protected:
  virtual void number(const std::string& key, std::optional<Number>& value, const FieldRule& rule) = 0;
  virtual void flag(const std::string& key, std::optional<bool>& value, const FieldRule& rule) = 0;
  virtual void text(const std::string& key, std::optional<std::string>& value, const FieldRule& rule) = 0;
  virtual void json(const std::string& key, Json& value, const FieldRule& rule) = 0;
  /// Returns whether an optional struct or list has a value from now on; an absent one is written as `rule` says.
  virtual bool there(const std::string& key, bool is_there, const FieldRule& rule) = 0;
  virtual void begin_object(const std::string& key, const FieldRule& rule) = 0;
  virtual void end_object() = 0;
  /// Returns the number of items of the list from now on. Their keys are empty.
  virtual size_t begin_list(const std::string& key, size_t size, const FieldRule& rule) = 0;
  virtual void end_list() = 0;
  /// Returns the names of the object's members from now on; end_object() closes it.
  virtual std::vector<std::string> begin_names(const std::string& key, std::vector<std::string> names,
                                               const FieldRule& rule) = 0;

 private:
  template <class Value>
  void numeric(const std::string& key, Value& value, const FieldRule& rule);
};

namespace results_detail {

template <class Value>
inline constexpr bool kIsOptional = false;
template <class Value>
inline constexpr bool kIsOptional<std::optional<Value>> = true;
template <class Value>
inline constexpr bool kIsList = false;
template <class Value>
inline constexpr bool kIsList<std::vector<Value>> = true;
template <class Value>
inline constexpr bool kIsNamed = false;
template <class Value>
inline constexpr bool kIsNamed<Named<Value>> = true;

/// A number or text.
template <class Value>
inline constexpr bool kPlain =
    std::is_arithmetic_v<Value> || std::is_same_v<Value, Number> || std::is_same_v<Value, std::string>;

/// Returns nullopt if the type cannot represent the number.
template <class Value>
std::optional<Value> number_as(const Number& number) {
  if constexpr (std::is_integral_v<Value>) {
    constexpr double kLargestExact = 9007199254740992.0;  // 2^53
    const double value = number.value;
    if (!(value <= kLargestExact) || !(value >= (std::is_unsigned_v<Value> ? 0 : -kLargestExact))) return std::nullopt;
    return static_cast<Value>(value < 0 ? value - 0.5 : value + 0.5);
  } else if constexpr (std::is_same_v<Value, Number>) {
    return number;
  } else {
    return number.value;
  }
}

/// Integers are equal in all seeds; use Number for one that may differ.
template <class Value>
FieldRule rule_of(FieldRule rule) {
  if (std::is_integral_v<Value> && rule.over_seeds == OverSeeds::mean) rule.over_seeds = OverSeeds::first;
  return rule;
}

}  // namespace results_detail

template <class Value>
void ResultFields::numeric(const std::string& key, Value& value, const FieldRule& rule) {
  std::optional<Number> plain{Number(value)};
  number(key, plain, results_detail::rule_of<Value>(rule));
  if (plain)
    if (const auto as = results_detail::number_as<Value>(*plain)) value = *as;
}

template <class Value>
void ResultFields::value(const std::string& key, Value& value, const FieldRule& rule) {
  using namespace results_detail;
  if constexpr (std::is_same_v<Value, Json>) {
    json(key, value, rule);
  } else if constexpr (std::is_same_v<Value, bool>) {
    std::optional<bool> plain = value;
    flag(key, plain, rule);
    value = plain.value_or(value);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    std::optional<std::string> plain = value;
    text(key, plain, rule);
    if (plain) value = std::move(*plain);
  } else if constexpr (kPlain<Value>) {
    numeric(key, value, rule);
  } else if constexpr (kIsOptional<Value>) {
    using Inner = typename Value::value_type;
    if constexpr (std::is_same_v<Inner, bool>) {
      flag(key, value, rule);
    } else if constexpr (std::is_same_v<Inner, std::string>) {
      text(key, value, rule);
    } else if constexpr (kPlain<Inner>) {
      std::optional<Number> plain;
      if (value) plain = Number(*value);
      number(key, plain, rule_of<Inner>(rule));
      value = plain ? number_as<Inner>(*plain) : std::nullopt;
    } else if (!there(key, value.has_value(), rule)) {
      value.reset();
    } else {
      if (!value) value.emplace();
      this->value(key, *value, rule);
    }
  } else if constexpr (kIsList<Value>) {
    value.resize(begin_list(key, value.size(), rule));
    for (auto& item : value) this->value("", item);
    end_list();
  } else if constexpr (kIsNamed<Value>) {
    std::vector<std::string> names;
    for (const auto& entry : value) names.push_back(entry.first);
    Value kept;
    for (const std::string& name : begin_names(key, std::move(names), rule)) {
      auto& entry = kept[name];
      if (auto* known = value.find(name)) entry = std::move(*known);
      this->value(name, entry);
    }
    end_object();
    value = std::move(kept);
  } else if constexpr (OpenResult<Value>) {
    auto open = value.json();
    json(key, open, rule);
    value.read(open);
  } else {
    static_assert(BoundResult<Value>, "a struct of results names its members in `bind`");
    begin_object(key, rule);
    value.bind(*this);
    end_object();
  }
}

}  // namespace limbeck
