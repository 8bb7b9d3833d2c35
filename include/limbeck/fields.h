#pragma once
// The single description of an options struct, from which reading, checks, documentation and the resolved recipe are
// derived. An options struct lists its fields in a member `bind`; the defaults are the struct's initializers:
//
//   struct SoftTargetsOptions {
//     double temperature = 4;  // T
//     void bind(Fields& fields) { fields.number("temperature", temperature, above(0), "softens both distributions"); }
//   };
//
// Thread-safety: a Fields belongs to the call of `bind` that it is given to.
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// The valid values of a number.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;

  bool contains(double value) const {
    return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
  }
  /// "above 0", "at least 1", "from 0 to 1"
  std::string text() const;
};

inline Range any_number() {
  return {};
}
inline Range above(double low) {
  return {.low = low, .low_open = true};
}
inline Range at_least(double low) {
  return {.low = low};
}
inline Range between(double low, double high) {
  return {.low = low, .high = high};
}
/// [low, high): e.g. a dropout probability, which may not be 1.
inline Range from_below(double low, double high) {
  return {.low = low, .high = high, .high_open = true};
}

/// How many values a list may have. A single value counts as a list of one.
struct Length {
  size_t least = 0;
  size_t most = std::numeric_limits<size_t>::max();
  bool distinct = false;  ///< no value may stand twice

  bool contains(size_t count) const { return count >= least && count <= most; }
  /// "at least 1 value", "2 values", "from 1 to 2 values, none twice"; empty: any
  std::string text() const;
};

/// The valid values of a list: "2 values, each from 0 to 10".
std::string list_text(const Length& length, const Range& range);

/// Whether a field must be given.
enum class Presence { required, optional };

/// The visitor to which an options struct's `bind` describes its fields.
class Fields {
 public:
  virtual ~Fields() = default;

  virtual void number(const char* name, double& value, const Range& range, const char* meaning) = 0;
  virtual void integer(const char* name, int64_t& value, const Range& range, const char* meaning) = 0;
  void integers(const char* name, std::vector<int64_t>& value, const Range& range, const char* meaning) {
    integers(name, value, range, {}, meaning);
  }
  void numbers(const char* name, std::vector<double>& value, const Range& range, const char* meaning) {
    numbers(name, value, range, {}, meaning);
  }
  /// Lists, of which `range` holds for each value. A list that is empty by default and may not be must be given.
  virtual void integers(const char* name, std::vector<int64_t>& value, const Range& range, const Length& length,
                        const char* meaning) = 0;
  virtual void numbers(const char* name, std::vector<double>& value, const Range& range, const Length& length,
                       const char* meaning) = 0;
  virtual void flag(const char* name, bool& value, const char* meaning) = 0;
  void text(const char* name, std::string& value, const char* meaning) { text(name, value, "none", meaning); }
  /// `if_empty`: what an empty value means, as documentation shows it.
  virtual void text(const char* name, std::string& value, const char* if_empty, const char* meaning) = 0;
  /// The name of a network's feature, or several names.
  virtual void feature(const char* name, std::string& value, Presence presence, const char* meaning) = 0;
  virtual void features(const char* name, std::vector<std::string>& value, Presence presence, const char* meaning) = 0;
  /// The name of an input file. Its content, not its name, enters fingerprints.
  virtual void file(const char* name, std::string& value, Presence presence, const char* meaning) = 0;
  /// Names of earlier stages or pretrained networks; at least one, and none twice.
  virtual void references(const char* name, std::vector<std::string>& value, const char* meaning) = 0;
  /// The name of an earlier stage or pretrained network.
  virtual void reference(const char* name, std::string& value, const char* meaning) = 0;
  /// A choice among names; use the template below for an enum.
  virtual void choice_of(const char* name, std::string& value, const std::vector<std::string>& names,
                         const char* meaning) = 0;
  /// A key that the recipe reader parses itself, since its value is of none of the types above; declared here for
  /// documentation. `form`: type of the value, "a stage"; `standard`: the default; empty: the key is required.
  virtual void part(const char* name, const char* form, const char* standard, const char* meaning) {
    static_cast<void>(name), static_cast<void>(form), static_cast<void>(standard), static_cast<void>(meaning);
  }
  /// Fields in a nested map: `dropout: { input: 0.2, hidden: 0.5 }`.
  virtual void begin_group(const char* name, const char* meaning) = 0;
  virtual void end_group() = 0;
  /// A check that the range of a single field cannot express.
  virtual void require(bool holds, const std::string& otherwise) = 0;
  /// That of two lists both are given, or neither.
  virtual void require_both(const char* first, const char* second, bool holds) {
    require(holds, "'" + std::string(first) + "' and '" + second + "' belong together, and one is missing or empty");
  }

  template <class Enum>
  void choice(const char* name, Enum& value, const std::vector<std::pair<std::string, Enum>>& table,
              const char* meaning) {
    std::vector<std::string> names;
    std::string chosen;
    for (const auto& [text, option] : table) {
      names.push_back(text);
      if (option == value) chosen = text;
    }
    choice_of(name, chosen, names, meaning);
    for (const auto& [text, option] : table)
      if (text == chosen) value = option;
  }
};

}  // namespace LIMBECK_API
