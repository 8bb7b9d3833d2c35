#pragma once
// Reads maps of a recipe into structs. Every mistake becomes a diagnostic and reading continues, so that all are found
// at once. A key that nobody reads is a mistake too.
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

/// Shared state of reading: the catalogue, the mistakes, the references.
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
  /// A `value` that is no map is a mistake, after which everything keeps its default.
  MapReader(const Value& value, std::string path, ReadContext& context);

  /// The value of a key that a `part` has named, marked as read; nullptr where it is absent.
  const Value* take(const std::string& key);
  /// The same; a missing key is a mistake.
  const Value* require(const std::string& key);
  /// Reports the keys that nobody read, with the nearest valid name.
  void finish();
  std::string path_of(const std::string& key) const;

  void number(const char* name, double& value, const Range& range, const char* meaning) override;
  void integer(const char* name, int64_t& value, const Range& range, const char* meaning) override;
  void integers(const char* name, std::vector<int64_t>& value, const Range& range, const char* meaning) override;
  void numbers(const char* name, std::vector<double>& value, const Range& range, const char* meaning) override;
  void flag(const char* name, bool& value, const char* meaning) override;
  void text(const char* name, std::string& value, const char* meaning) override;
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
    const Value* map = nullptr;  ///< nullptr: absent or no map
    std::string path;
    SourceLocation where;
    bool wrong_kind = false;  ///< reported already: what is missing in it is not
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
  void list(const char* name, const Value* found, std::vector<Item>& value, const char* expected, const Read& read);

  ReadContext& context_;
  std::vector<Frame> frames_;
};

// Readers of single values: each reports a mistake and returns false where the value does not fit.
bool read_number(const Value& value, const std::string& path, const Range& range, ReadContext& context, double& out);
bool read_integer(const Value& value, const std::string& path, const Range& range, ReadContext& context, int64_t& out);
bool read_text(const Value& value, const std::string& path, ReadContext& context, std::string& out);

/// Reads one component: `name`, or a map with the single key `name` whose value holds the options. `also` may read
/// further keys that stand among the options (a loss term's weight); `siblings` are keys that may stand beside the
/// component's (a network's weights). Returns an empty Choice after a mistake.
Choice read_choice(const Value& value, const std::string& path, Slot slot, ReadContext& context,
                   const std::function<void(MapReader&)>& also = nullptr, const std::set<std::string>& siblings = {});

/// Reads the options of a component whose name is known already.
Choice read_options(const std::string& name, const Value& options, const SourceLocation& where, const std::string& path,
                    Slot slot, ReadContext& context, const std::function<void(MapReader&)>& also = nullptr);

}  // namespace limbeck
