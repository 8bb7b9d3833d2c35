#pragma once
// The additional results of one kind of stage. Each kind lists its part's members in `bind`, like all result structs,
// in a file of its own; nothing else changes:
//
//   struct PruningPart : StagePartOf<PruningPart> {
//     static constexpr const char* kKey = "pruned";
//     double kept = 0;
//     void bind(ResultFields& fields) override { fields.value("kept", kept); }
//     std::string note(const StageResult&) const override { return fmt::format("{:.1f} % of the weights", 100 * kept);
//     }
//   };
//   result.parts.add(PruningPart{…});
//   if (const auto* part = result.parts.find<PruningPart>()) …
#include <memory>
#include <string>
#include <vector>

#include "results/fields.h"

namespace limbeck {

struct StageResult;

class StagePart {
 public:
  virtual ~StagePart() = default;
  /// The part's key among the stage's results.
  virtual const char* key() const = 0;
  virtual void bind(ResultFields& fields) = 0;
  /// Returns a remark shown beside the metrics; may be empty.
  virtual std::string note(const StageResult&) const { return ""; }
  /// Whether the note replaces all other remarks on the stage.
  virtual bool says_all() const { return false; }
  /// Combines what bindings cannot express over several seeds. This part is the first seed's, with bound members
  /// already combined.
  virtual void combine(const std::vector<const StagePart*>& seeds) { static_cast<void>(seeds); }
  virtual std::unique_ptr<StagePart> clone() const = 0;
};

template <class Own>
class StagePartOf : public StagePart {
 public:
  const char* key() const override { return Own::kKey; }
  std::unique_ptr<StagePart> clone() const override { return std::make_unique<Own>(static_cast<const Own&>(*this)); }
};

/// The parts of a stage, in insertion order.
class StageParts {
 public:
  StageParts() = default;
  StageParts(const StageParts& other) { *this = other; }
  StageParts(StageParts&&) noexcept = default;
  StageParts& operator=(const StageParts& other);
  StageParts& operator=(StageParts&&) noexcept = default;

  template <class Part>
  Part& add(Part part) {
    return static_cast<Part&>(add(std::unique_ptr<StagePart>(std::make_unique<Part>(std::move(part)))));
  }
  StagePart& add(std::unique_ptr<StagePart> part);

  /// Returns the part of that kind, or nullptr. A part that was read before its kind was known is converted to that
  /// kind.
  template <class Part>
  Part* find() {
    StagePart* found = find(Part::kKey);
    if (found == nullptr || dynamic_cast<Part*>(found) != nullptr) return static_cast<Part*>(found);
    return static_cast<Part*>(&read_again(Part::kKey, std::make_unique<Part>()));
  }
  template <class Part>
  const Part* find() const {
    return dynamic_cast<const Part*>(find(Part::kKey));
  }
  StagePart* find(const std::string& key);
  const StagePart* find(const std::string& key) const { return const_cast<StageParts*>(this)->find(key); }

  const std::vector<std::unique_ptr<StagePart>>& all() const { return parts_; }

 private:
  StagePart& read_again(const std::string& key, std::unique_ptr<StagePart> as);

  std::vector<std::unique_ptr<StagePart>> parts_;
};

/// Creates an empty part of the kind with this key (results/stage_parts.h), or a part that only stores JSON if the key
/// is unknown.
std::unique_ptr<StagePart> make_stage_part(const std::string& key);
/// Whether the part only stores JSON.
bool is_unknown(const StagePart& part);

}  // namespace limbeck
