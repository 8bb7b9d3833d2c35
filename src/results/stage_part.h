#pragma once
// What one kind of stage adds to a stage's results. A kind names its part's members in `bind`, as all structs of
// results do, in a file of its own; nothing else changes:
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
  /// Under which it stands among the stage's results.
  virtual const char* key() const = 0;
  virtual void bind(ResultFields& fields) = 0;
  /// What it says in words beside its numbers; empty where there is nothing to say.
  virtual std::string note(const StageResult&) const { return ""; }
  /// Whether its note is all that there is to say of the stage.
  virtual bool says_all() const { return false; }
  /// What no binding says of several seeds. This part is the first seed's, its members combined already.
  virtual void combine(const std::vector<const StagePart*>& seeds) { static_cast<void>(seeds); }
  virtual std::unique_ptr<StagePart> clone() const = 0;
};

template <class Own>
class StagePartOf : public StagePart {
 public:
  const char* key() const override { return Own::kKey; }
  std::unique_ptr<StagePart> clone() const override { return std::make_unique<Own>(static_cast<const Own&>(*this)); }
};

/// The parts of a stage, in the order in which they were added.
class StageParts {
 public:
  StageParts() = default;
  StageParts(const StageParts& other) { *this = other; }
  StageParts(StageParts&&) noexcept = default;
  StageParts& operator=(const StageParts& other);
  StageParts& operator=(StageParts&&) noexcept = default;

  template <class Part>
  Part& add(Part part) {
    return static_cast<Part&>(add(std::make_unique<Part>(std::move(part))));
  }
  StagePart& add(std::unique_ptr<StagePart> part);

  /// nullptr where there is none. A part that was read before its kind was known becomes one of that kind.
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

/// An empty part of the kind that has this key among those of results/stage_parts.h; of another one that only knows its
/// JSON.
std::unique_ptr<StagePart> make_stage_part(const std::string& key);
/// Whether it knows its JSON alone.
bool is_unknown(const StagePart& part);

}  // namespace limbeck
