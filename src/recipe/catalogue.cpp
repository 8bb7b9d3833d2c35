#include "recipe/catalogue.h"

#include "core/json.h"
#include "core/nearest.h"
#include "core/text.h"

namespace limbeck {
namespace {

/// Writes each field's value into a JSON object.
class FieldWriter : public Fields {
 public:
  Json take() { return std::move(objects_.front()); }

  void number(const char* name, double& value, const Range&, const char*) override { put(name, value); }
  void integer(const char* name, int64_t& value, const Range&, const char*) override { put(name, value); }
  void integers(const char* name, std::vector<int64_t>& value, const Range&, const Length&, const char*) override {
    put(name, value);
  }
  void numbers(const char* name, std::vector<double>& value, const Range&, const Length&, const char*) override {
    put(name, value);
  }
  void flag(const char* name, bool& value, const char*) override { put(name, value); }
  void text(const char* name, std::string& value, const char*, const char*) override { put(name, value); }
  void feature(const char* name, std::string& value, Presence, const char*) override { put(name, value); }
  void features(const char* name, std::vector<std::string>& value, Presence, const char*) override { put(name, value); }
  void file(const char* name, std::string& value, Presence, const char*) override { put(name, value); }
  void references(const char* name, std::vector<std::string>& value, const char*) override { put(name, value); }
  void reference(const char* name, std::string& value, const char*) override { put(name, value); }
  void choice_of(const char* name, std::string& value, const std::vector<std::string>&, const char*) override {
    put(name, value);
  }
  void begin_group(const char* name, const char*) override {
    names_.emplace_back(name);
    objects_.push_back(Json::object());
  }
  void end_group() override {
    Json group = std::move(objects_.back());
    objects_.pop_back();
    objects_.back()[names_.back()] = std::move(group);
    names_.pop_back();
  }
  void require(bool, const std::string&) override {}

 private:
  template <class T>
  void put(const char* name, const T& value) {
    objects_.back()[name] = value;
  }
  std::vector<std::string> names_;
  std::vector<Json> objects_{Json::object()};
};

/// Collects each field's documentation.
class FieldLister : public Fields {
 public:
  std::vector<FieldDescription> take() { return std::move(fields_); }

  void number(const char* name, double& value, const Range& range, const char* meaning) override {
    add(name, "number", shortest(value), range.text(), meaning);
  }
  void integer(const char* name, int64_t& value, const Range& range, const char* meaning) override {
    add(name, "integer", std::to_string(value), range.text(), meaning);
  }
  void integers(const char* name, std::vector<int64_t>& value, const Range& range, const Length& length,
                const char* meaning) override {
    add_list(name, "list of integers", value, range, length, meaning);
  }
  void numbers(const char* name, std::vector<double>& value, const Range& range, const Length& length,
               const char* meaning) override {
    add_list(name, "list of numbers", value, range, length, meaning);
  }
  void flag(const char* name, bool& value, const char* meaning) override {
    add(name, "true or false", value ? "true" : "false", "", meaning);
  }
  void text(const char* name, std::string& value, const char* if_empty, const char* meaning) override {
    add(name, "text", value.empty() ? if_empty : value, "", meaning);
  }
  void feature(const char* name, std::string& value, Presence presence, const char* meaning) override {
    add(name, "feature", value.empty() && presence == Presence::optional ? "none" : value, "", meaning);
  }
  void features(const char* name, std::vector<std::string>& value, Presence presence, const char* meaning) override {
    add(name, "list of features", presence == Presence::optional ? Json(value).dump() : "", "", meaning);
  }
  void file(const char* name, std::string& value, Presence presence, const char* meaning) override {
    add(name, "file", value.empty() && presence == Presence::optional ? "none" : value, "", meaning);
  }
  void references(const char* name, std::vector<std::string>&, const char* meaning) override {
    add(name, "list of stages or networks", "", Length{.least = 1, .distinct = true}.text(), meaning);
  }
  void reference(const char* name, std::string& value, const char* meaning) override {
    add(name, "stage or network", value, "", meaning);
  }
  void choice_of(const char* name, std::string& value, const std::vector<std::string>& names,
                 const char* meaning) override {
    add(name, "choice", value, quoted_list(names), meaning);
  }
  void begin_group(const char* name, const char*) override { prefix_ += std::string(name) + "."; }
  void end_group() override {
    prefix_.pop_back();
    prefix_.erase(prefix_.rfind('.') == std::string::npos ? 0 : prefix_.rfind('.') + 1);
  }
  void require(bool, const std::string&) override {}
  void part(const char* name, const char* form, const char* standard, const char* meaning) override {
    add(name, form, standard, "", meaning);
  }

 private:
  template <class Item>
  void add_list(const char* name, const char* type, const std::vector<Item>& value, const Range& range,
                const Length& length, const char* meaning) {
    const bool required = value.empty() && length.least > 0;
    add(name, type, required ? "" : Json(value).dump(), list_text(length, range), meaning);
  }
  void add(const char* name, const char* type, const std::string& value, const std::string& allowed,
           const char* meaning) {
    fields_.push_back({prefix_ + name, type, value, allowed, meaning});
  }
  std::string prefix_;
  std::vector<FieldDescription> fields_;
};

/// Collects the names of the files that fields name.
class FileCollector : public Fields {
 public:
  std::vector<std::string> take() { return std::move(files_); }

  void file(const char*, std::string& value, Presence, const char*) override {
    if (!value.empty()) files_.push_back(value);
  }
  void number(const char*, double&, const Range&, const char*) override {}
  void integer(const char*, int64_t&, const Range&, const char*) override {}
  void integers(const char*, std::vector<int64_t>&, const Range&, const Length&, const char*) override {}
  void numbers(const char*, std::vector<double>&, const Range&, const Length&, const char*) override {}
  void flag(const char*, bool&, const char*) override {}
  void text(const char*, std::string&, const char*, const char*) override {}
  void feature(const char*, std::string&, Presence, const char*) override {}
  void features(const char*, std::vector<std::string>&, Presence, const char*) override {}
  void references(const char*, std::vector<std::string>&, const char*) override {}
  void reference(const char*, std::string&, const char*) override {}
  void choice_of(const char*, std::string&, const std::vector<std::string>&, const char*) override {}
  void begin_group(const char*, const char*) override {}
  void end_group() override {}
  void require(bool, const std::string&) override {}

 private:
  std::vector<std::string> files_;
};

}  // namespace

std::string Range::text() const {
  const bool has_low = low > -std::numeric_limits<double>::infinity();
  const bool has_high = high < std::numeric_limits<double>::infinity();
  if (has_low && has_high && !low_open)
    return fmt::format("from {} to {}{}", shortest(low), high_open ? "below " : "", shortest(high));
  std::string words;
  if (has_low) words = fmt::format("{} {}", low_open ? "above" : "at least", shortest(low));
  if (has_high)
    words += fmt::format("{}{} {}", has_low ? " and " : "", high_open ? "below" : "at most", shortest(high));
  return words;
}

std::string Length::text() const {
  const bool has_most = most < std::numeric_limits<size_t>::max();
  std::string words;
  if (least == most)
    words = std::to_string(least);
  else if (least > 0 && has_most)
    words = fmt::format("from {} to {}", least, most);
  else if (least > 0 || has_most)
    words = has_most ? fmt::format("at most {}", most) : fmt::format("at least {}", least);
  if (!words.empty()) words += (has_most ? most : least) == 1 ? " value" : " values";
  if (distinct) words += words.empty() ? "no value twice" : ", none twice";
  return words;
}

std::string list_text(const Length& length, const Range& range) {
  const std::string each = range.text().empty() ? "" : "each " + range.text();
  return length.text() + (length.text().empty() || each.empty() ? "" : ", ") + each;
}

std::string slot_name(Slot slot) {
  switch (slot) {
    case Slot::data:
      return "data source";
    case Slot::augmentation:
      return "augmentation";
    case Slot::network:
      return "network";
    case Slot::loss:
      return "loss";
    case Slot::teacher:
      return "teacher";
    case Slot::optimizer:
      return "optimizer";
    case Slot::stage:
      return "kind of stage";
    case Slot::schedule:
      return "schedule";
  }
  return "component";
}

std::vector<std::string> ComponentInfo::names() const {
  std::vector<std::string> names = {name};
  names.insert(names.end(), aliases.begin(), aliases.end());
  return names;
}

std::shared_ptr<const Component> Catalogue::find(Slot slot, const std::string& name) const {
  const auto in_slot = components_.find(slot);
  if (in_slot == components_.end()) return nullptr;
  const auto found = in_slot->second.find(name);
  if (found != in_slot->second.end()) return found->second;
  const auto names = aliases_.find(slot);
  if (names == aliases_.end()) return nullptr;
  const auto alias = names->second.find(name);
  return alias == names->second.end() ? nullptr : find(slot, alias->second);
}

std::vector<std::shared_ptr<const Component>> Catalogue::components(Slot slot) const {
  std::vector<std::shared_ptr<const Component>> all;
  const auto in_slot = components_.find(slot);
  if (in_slot == components_.end()) return all;
  for (const auto& [name, component] : in_slot->second) all.push_back(component);
  return all;
}

std::vector<std::string> Catalogue::names(Slot slot) const {
  std::vector<std::string> names;
  for (const auto& component : components(slot)) names.push_back(component->info().name);
  return names;
}

Choice Catalogue::choose(Slot slot, const std::string& name) const {
  const auto component = find(slot, name);
  if (component == nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("unknown {} '{}'{}", slot_name(slot), name, suggestion(name, names(slot))));
  return {component, component->default_options(), {}};
}

void Catalogue::add(const Catalogue& other) {
  for (const auto& [slot, components] : other.components_)
    for (const auto& [name, component] : components) insert(slot, component);
}

void Catalogue::insert(Slot slot, std::shared_ptr<const Component> component) {
  const ComponentInfo& info = component->info();
  const auto require_new = [&](const std::string& name) {
    if (find(slot, name) != nullptr) throw Error(fmt::format("the {} '{}' is registered twice", slot_name(slot), name));
  };
  require_new(info.name);
  for (const std::string& alias : info.aliases) {
    require_new(alias);
    aliases_[slot].emplace(alias, info.name);
  }
  components_[slot].emplace(info.name, component);
}

std::vector<FieldDescription> describe_fields(OptionSet& options) {
  FieldLister lister;
  options.bind(lister);
  return lister.take();
}

Json field_values(OptionSet& options) {
  FieldWriter writer;
  options.bind(writer);
  return writer.take();
}

std::vector<std::string> files_of(const Choice& choice) {
  if (!choice) return {};
  FileCollector collector;
  choice.options->bind(collector);
  return collector.take();
}

Json resolve(const Choice& choice) {
  return {{choice.name(), field_values(*choice.options)}};
}

}  // namespace limbeck
