#include "results/stage_parts.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>

#include "core/json.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/stage_result.h"

namespace limbeck {
namespace {

/// A part of a kind that nothing is known of here.
class UnknownPart : public StagePart {
 public:
  explicit UnknownPart(std::string key) : key_(std::move(key)) {}
  const char* key() const override { return key_.c_str(); }
  std::unique_ptr<StagePart> clone() const override { return std::make_unique<UnknownPart>(*this); }
  void bind(ResultFields& fields) override {
    for (const std::string& key : fields.keys_there()) members_[key] = nullptr;
    for (auto& [key, member] : members_) fields.value(key, member);
  }

 private:
  std::string key_;
  Named<Json> members_;
};

std::string percent_or_dash(const std::optional<double>& part) {
  return part ? fmt::format("{:.2f} %", 100 * *part) : "–";
}

}  // namespace

std::unique_ptr<StagePart> make_stage_part(const std::string& key) {
  if (key == ReplicasPart::kKey) return std::make_unique<ReplicasPart>();
  if (key == CalibrationPart::kKey) return std::make_unique<CalibrationPart>();
  if (key == QuantizedPart::kKey) return std::make_unique<QuantizedPart>();
  if (key == SpecialistsPart::kKey) return std::make_unique<SpecialistsPart>();
  if (key == AlignmentPart::kKey) return std::make_unique<AlignmentPart>();
  return std::make_unique<UnknownPart>(key);
}

bool is_unknown(const StagePart& part) {
  return dynamic_cast<const UnknownPart*>(&part) != nullptr;
}

StageParts& StageParts::operator=(const StageParts& other) {
  if (this == &other) return *this;
  parts_.clear();
  for (const auto& part : other.parts_) parts_.push_back(part->clone());
  return *this;
}

StagePart& StageParts::add(std::unique_ptr<StagePart> part) {
  return *parts_.emplace_back(std::move(part));
}

StagePart* StageParts::find(const std::string& key) {
  for (const auto& part : parts_)
    if (key == part->key()) return part.get();
  return nullptr;
}

StagePart& StageParts::read_again(const std::string& key, std::unique_ptr<StagePart> as) {
  for (auto& part : parts_) {
    if (key != part->key()) continue;
    ResultWriter writer;
    part->bind(writer);
    const Json json = writer.take();
    ResultReader reader(json);
    as->bind(reader);
    part = std::move(as);
    return *part;
  }
  return add(std::move(as));
}

void ReplicasPart::bind(ResultFields& fields) {
  fields.value(keys::kCount, count);
  fields.value("together", together);
  fields.value(keys::kMean, mean);
}

std::string ReplicasPart::note(const StageResult& stage) const {
  return fmt::format("{} mean of {} networks{}, {} test errors; the networks make {} on average", mean, count,
                     together ? " trained together" : "",
                     format_count(stage.number(keys::kTest, keys::kErrors).value_or(0)),
                     format_count(stage.number(keys::kTest, keys::kMemberErrors).value_or(0)));
}

void CalibrationPart::bind(ResultFields& fields) {
  fields.value(keys::kOf, of);
  fields.value(keys::kClasses, classes);
  fields.value("offset", offset);
  fields.value("tuned_on", tuned_on);
  fields.value(keys::kExamples, examples);
  fields.value(keys::kErrorsBefore, errors_before);
  fields.value(keys::kErrorsAfter, errors_after);
}

std::string CalibrationPart::note(const StageResult&) const {
  return fmt::format("bias of {} {} {} by {:.2f}, tuned on {} {} examples{}: {} errors there before, {} after",
                     classes.size() == 1 ? "class" : "classes", fmt::join(classes, ", "),
                     offset < 0 ? "lowered" : "raised", std::abs(offset), format_count(static_cast<double>(examples)),
                     tuned_on, tuned_on == keys::kTest ? " (the paper's way; no fair measure)" : "",
                     format_count(errors_before.value), format_count(errors_after.value));
}

void QuantizedPart::bind(ResultFields& fields) {
  fields.value(keys::kOf, of);
  fields.value(keys::kExamples, examples);
  fields.value(keys::kTestExamples, test_examples);
  fields.value(keys::kErrorsBefore, errors_before);
  fields.value(keys::kErrorsAfter, errors_after);
  fields.value("onnx_bytes_before", onnx_bytes_before, Gap::omitted);
  fields.value("onnx_bytes", onnx_bytes, Gap::omitted);
}

std::string QuantizedPart::note(const StageResult&) const {
  std::string note = fmt::format("int8: {} test errors, {} before ({:+.2f} points of accuracy)",
                                 format_count(errors_after.value), format_count(errors_before.value),
                                 100 * (errors_before.value - errors_after.value) / static_cast<double>(test_examples));
  if (onnx_bytes)
    note += fmt::format("; {:.0f} kB as ONNX, {:.0f} before", static_cast<double>(*onnx_bytes) / 1e3,
                        static_cast<double>(onnx_bytes_before.value_or(0)) / 1e3);
  return note;
}

void SpecialistsPart::Group::bind(ResultFields& fields) {
  fields.value(keys::kClasses, classes);
  fields.value(keys::kTestExamples, test_examples);
}

void SpecialistsPart::Conditional::bind(ResultFields& fields) {
  fields.value("generalist", generalist);
  fields.value(keys::kSpecialists, specialists);
}

void SpecialistsPart::Coverage::bind(ResultFields& fields) {
  fields.value(keys::kSpecialists, specialists);
  fields.value(keys::kExamples, examples);
  fields.value("generalist_correct", generalist_correct);
  fields.value("correct", correct);
  fields.value(keys::kRelativeGain, relative_gain);
}

void SpecialistsPart::bind(ResultFields& fields) {
  fields.value(keys::kCount, count);
  fields.value(keys::kGroups, groups, {OverSeeds::none, Gap::omitted});
  fields.value("group_of_class", group_of_class, {OverSeeds::none, Gap::omitted});
  fields.value("adjusted_rand_index", adjusted_rand_index);
  fields.value("generalist_accuracy", generalist_accuracy);
  fields.value(keys::kAccuracy, accuracy);
  fields.value(keys::kRelativeGain, relative_gain);
  fields.value("conditional_accuracy", conditional_accuracy);
  fields.value("by_coverage", by_coverage, OverSeeds::first);  // combine() adds the rows up
}

std::string SpecialistsPart::note(const StageResult&) const {
  std::string note =
      fmt::format("{} specialists: accuracy {} → {} ({} relative), among each one's classes {} → {}", count,
                  percent_or_dash(generalist_accuracy), percent_or_dash(accuracy), percent_or_dash(relative_gain),
                  percent_or_dash(conditional_accuracy.generalist), percent_or_dash(conditional_accuracy.specialists));
  if (adjusted_rand_index)
    note += fmt::format("; adjusted Rand index with the superclasses {:.2f}", *adjusted_rand_index);
  return note;
}

void SpecialistsPart::combine(const std::vector<const StagePart*>& seeds) {
  std::map<int64_t, Coverage> sums;
  for (const StagePart* seed : seeds)
    if (const auto* own = dynamic_cast<const SpecialistsPart*>(seed))
      for (const Coverage& row : own->by_coverage) {
        Coverage& sum = sums[row.specialists];
        sum.specialists = row.specialists;
        sum.examples += row.examples;
        sum.generalist_correct += row.generalist_correct;
        sum.correct += row.correct;
      }
  by_coverage.clear();
  for (auto& [specialists, sum] : sums) {
    if (sum.generalist_correct > 0)
      sum.relative_gain = static_cast<double>(sum.correct) / static_cast<double>(sum.generalist_correct) - 1;
    by_coverage.push_back(sum);
  }
}

void AlignmentPart::bind(ResultFields& fields) {
  fields.value("rounds", rounds);
  fields.value("changed", changed, OverSeeds::first);
}

std::string AlignmentPart::note(const StageResult&) const {
  const double* of_train = changed.find(keys::kTrain);
  return fmt::format(
      "{} rounds; the last relabelled {:.1f} % of the training frames, and later stages use these labels", rounds,
      of_train == nullptr ? 0 : 100 * *of_train);
}

}  // namespace limbeck
