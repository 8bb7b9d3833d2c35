#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <sstream>

#include "recipe/value.h"

namespace limbeck {
namespace {

constexpr size_t kMostNodes = 100'000;  // a recipe has hundreds; aliases of aliases can make billions

/// Builds the tree from yaml-cpp's events, which carry the place of each key and value.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string file, std::vector<Diagnostic>& diagnostics)
      : file_(std::move(file)), diagnostics_(diagnostics) {}

  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Value value;
    value.where = at(mark);
    add(std::move(value), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    Value copy = found == anchors_.end() ? Value{} : found->second;
    count(copy);
    if (found == anchors_.end()) copy.where = at(mark);
    add(std::move(copy), YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Value value;
    value.kind = Value::Kind::scalar;
    value.where = at(mark);
    value.scalar = text;
    value.quoted = tag == "!";
    add(std::move(value), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::Kind::sequence, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    std::string key;
    SourceLocation key_where;
    std::map<std::string, SourceLocation> seen;
  };

  SourceLocation at(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  void count(const Value& value) {
    if (++nodes_ > kMostNodes) throw YAML::ParserException(YAML::Mark::null_mark(), "too many values");
    for (const Value& item : value.items) count(item);
    for (const Entry& entry : value.entries) count(entry.value);
  }

  void open(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    Open opened;
    opened.value.kind = kind;
    opened.value.where = at(mark);
    opened.anchor = anchor;
    open_.push_back(std::move(opened));
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.value), closed.anchor);
  }

  void add(Value value, YAML::anchor_t anchor) {
    if (++nodes_ > kMostNodes) throw YAML::ParserException(YAML::Mark::null_mark(), "too many values");
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind == Value::Kind::sequence) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.has_key) {
      add_key(parent, value);
    } else {
      parent.value.entries.push_back({parent.key, parent.key_where, std::move(value)});
      parent.has_key = false;
    }
  }

  void add_key(Open& parent, const Value& key) {
    parent.has_key = true;
    parent.key = key.scalar;
    parent.key_where = key.where;
    if (key.kind != Value::Kind::scalar) {
      diagnostics_.push_back({key.where, "", fmt::format("a key must be a word, found {}", key.description())});
      return;
    }
    const auto [first, inserted] = parent.seen.emplace(key.scalar, key.where);
    if (!inserted)
      diagnostics_.push_back(
          {key.where, "",
           fmt::format("the key '{}' stands twice; it stands first in line {}", key.scalar, first->second.line)});
  }

  std::string file_;
  std::vector<Diagnostic>& diagnostics_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Value> anchors_;
  size_t nodes_ = 0;
  Value root_;
};

}  // namespace

Value parse_yaml(const std::string& text, const std::string& file, std::vector<Diagnostic>& diagnostics) {
  std::istringstream stream(text);
  TreeBuilder builder(file, diagnostics);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder))
      diagnostics.push_back({{file, 0, 0}, "", "the file is empty"});
    else if (TreeBuilder ignored(file, diagnostics); parser.HandleNextDocument(ignored))
      diagnostics.push_back({{file, 0, 0}, "", "the file holds more than one document ('---'); expected one"});
  } catch (const YAML::Exception& error) {
    const bool placed = !error.mark.is_null();
    diagnostics.push_back({{file, placed ? error.mark.line + 1 : 0, placed ? error.mark.column + 1 : 0},
                           "",
                           fmt::format("not valid YAML: {}", error.msg)});
  }
  return builder.take();
}

}  // namespace limbeck
