#pragma once
// The metrics of an evaluation by name. The set is open: a new metric needs no change here, and its mean over seeds
// follows.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "results/fields.h"

namespace limbeck {

/// A metric over several seeds.
struct Spread {
  double mean = 0;
  std::optional<double> deviation;  ///< sample standard deviation; none for a single value
  std::vector<double> values;       ///< one for each seed that has it

  Json json() const;
  /// Also accepts a plain number, as its own mean.
  void read(const Json& json);
};
/// Requires at least one value.
Spread spread_of(std::vector<double> values);

class Metrics;
class Spreads;

/// A number, null (e.g. agreement without a teacher), numbers by name (errors by class), or a list (errors by ensemble
/// member).
using MetricValue = std::variant<std::monostate, Number, Metrics, std::vector<Number>>;

/// {"examples": 10000, "errors": 70, "accuracy": 0.993, "agreement": null, "class_errors": {"3": 14, …}}
class Metrics {
 public:
  Metrics();
  Metrics(std::initializer_list<std::pair<std::string, MetricValue>> values);
  Metrics(const Metrics&);
  Metrics(Metrics&&) noexcept;
  Metrics& operator=(const Metrics&);
  Metrics& operator=(Metrics&&) noexcept;
  ~Metrics();

  /// Returns the number of that name, or nullopt. `name` may be "class_errors.3".
  std::optional<double> number(const std::string& name) const;
  const Metrics* group(const std::string& name) const;
  const MetricValue* find(const std::string& name) const { return values_.find(name); }
  void set(const std::string& name, MetricValue value);
  /// Copies all metrics of `other`, replacing those of the same name.
  void set_all(const Metrics& other);
  bool contains(const std::string& name) const { return values_.find(name) != nullptr; }
  bool empty() const { return values_.empty(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

  Json json() const;
  void read(const Json& json);

 private:
  friend void combine_metrics(const std::vector<const Metrics*>&, Metrics&, Spreads&);
  Named<MetricValue> values_;
};

Json metric_json(const MetricValue& value);
MetricValue metric_from(const Json& json);

/// Spreads by the names of metrics: {"errors": {"mean", "deviation", "values"}, "class_errors": {"3": {…}}}
class Spreads {
 public:
  using Value = std::variant<Spread, Spreads>;

  Spreads();
  Spreads(const Spreads&);
  Spreads(Spreads&&) noexcept;
  Spreads& operator=(const Spreads&);
  Spreads& operator=(Spreads&&) noexcept;
  ~Spreads();

  const Spread* spread(const std::string& name) const;
  const Spreads* group(const std::string& name) const;
  void set(const std::string& name, Value value);
  bool empty() const { return values_.empty(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

  Json json() const;
  void read(const Json& json);

 private:
  Named<Value> values_;
};

/// Combines the metrics of several seeds, groups included. `means` must start as a copy of the first seed's metrics;
/// its numbers become means, and `spreads` receives their spread. Numbers of examples keep the first seed's value;
/// lists are removed.
void combine_metrics(const std::vector<const Metrics*>& seeds, Metrics& means, Spreads& spreads);

}  // namespace limbeck
