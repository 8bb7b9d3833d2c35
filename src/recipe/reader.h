#pragma once
// Reads maps of a recipe into structs. Every mistake becomes a diagnostic and reading continues, so that all mistakes
// are reported at once. Unknown keys are mistakes too.
//
//   MapReader reader(value, "stages[1]", context);
//   stage.bind(reader);                       // the struct names its fields
//   if (const Value* loss = reader.take("loss")) …
//   reader.finish();                          // unread keys
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "recipe/catalogue.h"
#include "recipe/value.h"

namespace limbeck {

/// A stage or network that the recipe refers to and that must exist.
struct Reference {
  std::string name;
  SourceLocation where;
  std::string path;
};

/// Shared state of reading: catalogue, mistakes, references.
struct ReadContext {
  const Catalogue& catalogue;
  std::vector<Diagnostic>& diagnostics;
  std::vector<Reference> references;

  void mistake(const SourceLocation& where, const std::string& path, const std::string& message) {
    diagnostics.push_back({where, path, message});
  }
};

class MapReader : public Fields {
 public:
  /// If `value` is not a map, reports a mistake; all fields then keep their defaults.
  MapReader(const Value& value, std::string path, ReadContext& context);

  /// Returns the value of a key declared by `part` and marks it as read; nullptr if absent.
  const Value* take(const std::string& key);
  /// The same; reports a mistake if the key is missing.
  const Value* require(const std::string& key);
  /// Reports unknown keys, with the nearest valid name.
  void finish();
  std::string path_of(const std::string& key) const;

  void number(const char* name, double& value, const Range& range, const char* meaning) override;
  void integer(const char* name, int64_t& value, const Range& range, const char* meaning) override;
  void integers(const char* name, std::vector<int64_t>& value, const Range& range, const Length& length,
                const char* meaning) override;
  void numbers(const char* name, std::vector<double>& value, const Range& range, const Length& length,
               const char* meaning) override;
  void flag(const char* name, bool& value, const char* meaning) override;
  void text(const char* name, std::string& value, const char* if_empty, const char* meaning) override;
  void feature(const char* name, std::string& value, Presence presence, const char* meaning) override;
  void features(const char* name, std::vector<std::string>& value, Presence presence, const char* meaning) override;
  void file(const char* name, std::string& value, Presence presence, const char* meaning) override;
  void references(const char* name, std::vector<std::string>& value, const char* meaning) override;
  void reference(const char* name, std::string& value, const char* meaning) override;
  void choice_of(const char* name, std::string& value, const std::vector<std::string>& names,
                 const char* meaning) override;
  void part(const char* name, const char* form, const char* standard, const char* meaning) override;
  void begin_group(const char* name, const char* meaning) override;
  void end_group() override;
  void require(bool holds, const std::string& otherwise) override;

 private:
  struct Frame {
    const Value* map = nullptr;  ///< nullptr: absent or not a map
    std::string path;
    SourceLocation where;
    bool wrong_kind = false;  ///< already reported, so missing keys in it are not
    std::set<std::string> taken;
    std::set<std::string> parts;
    std::vector<std::string> valid;
  };

  Frame frame_of(const Value& value, const std::string& path);
  const Value* find(const std::string& key);
  const Value* require_key(const std::string& key);
  void check_part(const std::string& key) const;
  void finish(const Frame& frame);
  template <class Item, class Read>
  void list(const char* name, const Value* found, const Length& length, std::vector<Item>& value, const char* expected,
            const Read& read);
  template <class Item>
  bool check_length(const Value& found, const std::string& path, const Length& length, const std::vector<Item>& items);

  ReadContext& context_;
  std::vector<Frame> frames_;
};

// Readers of single values. Each reports a mistake and returns false if the value is invalid.
bool read_number(const Value& value, const std::string& path, const Range& range, ReadContext& context, double& out);
bool read_integer(const Value& value, const std::string& path, const Range& range, ReadContext& context, int64_t& out);
bool read_text(const Value& value, const std::string& path, ReadContext& context, std::string& out);

/// Reads a component: `name`, or a map with the single key `name` whose value holds the options. `also` may read
/// further keys among the options (a loss term's weight); `siblings` are keys allowed beside the component's (a
/// network's weights). Returns an empty Choice after a mistake.
Choice read_choice(const Value& value, const std::string& path, Slot slot, ReadContext& context,
                   const std::function<void(MapReader&)>& also = nullptr, const std::set<std::string>& siblings = {});

/// Reads the options of a component whose name is already known.
Choice read_options(const std::string& name, const Value& options, const SourceLocation& where, const std::string& path,
                    Slot slot, ReadContext& context, const std::function<void(MapReader&)>& also = nullptr);

}  // namespace limbeck
