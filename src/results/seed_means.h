#pragma once
// Means over several seeds, derived from the bindings of the structs.
#include <map>

#include "core/json.h"
#include "results/fields.h"

namespace limbeck {

/// Visits the structs of all seeds, then the struct that receives the means.
class SeedMeans : public ResultFields {
 public:
  /// Switches to writing: structs bound from now on receive the means of those bound before.
  void write() { writing_ = true; }

 protected:
  void number(const std::string& key, std::optional<Number>& value, const FieldRule& rule) override;
  void flag(const std::string& key, std::optional<bool>& value, const FieldRule& rule) override;
  void text(const std::string& key, std::optional<std::string>& value, const FieldRule& rule) override;
  void json(const std::string& key, Json& value, const FieldRule& rule) override;
  bool there(const std::string& key, bool is_there, const FieldRule& rule) override;
  void begin_object(const std::string& key, const FieldRule& rule) override;
  void end_object() override;
  size_t begin_list(const std::string& key, size_t size, const FieldRule& rule) override;
  void end_list() override;
  std::vector<std::string> begin_names(const std::string& key, std::vector<std::string> names,
                                       const FieldRule& rule) override;

 private:
  struct Open {
    std::string path;
    size_t next = 0;    ///< next item of a list
    bool kept = false;  ///< keeps the first seed's value
  };
  std::string path_of(const std::string& key);
  void open(const std::string& key, const FieldRule& rule);
  void numbers_in(const std::string& path, Json& value);

  std::vector<Open> open_ = {{}};
  std::map<std::string, std::vector<double>> values_;
  bool writing_ = false;
};

/// Returns a copy of the first struct with means in place of its numbers.
template <BoundResult Value>
Value mean_over_seeds(const std::vector<const Value*>& seeds) {
  SeedMeans means;
  for (const Value* seed : seeds) {
    Value copy = *seed;
    copy.bind(means);
  }
  Value mean = *seeds.front();
  means.write();
  mean.bind(means);
  return mean;
}

}  // namespace limbeck
