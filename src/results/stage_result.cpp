#include "results/stage_result.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/json.h"
#include "core/text.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/seed_means.h"
#include "results/stage_parts.h"

namespace limbeck {
namespace {

/// The keys of a stage's results that are no parts of its kind.
const std::set<std::string>& own_keys() {
  static const std::set<std::string> kKeys = [] {
    std::set<std::string> keys;
    StageResult all;
    all.teacher = all.weights = "";
    all.seconds = all.examples_per_second = 0;
    all.epochs = Number(0);
    all.loss_parameters = 0;
    all.stopped.emplace();
    all.intervals.emplace();
    all.over_seeds.emplace();
    all.members.emplace_back();
    all.conditions = all.weights_of_seeds = {""};
    all.curves.emplace_back();
    const Json json = to_json(all);
    for (const auto& [key, value] : json.items()) keys.insert(key);
    return keys;
  }();
  return kKeys;
}

}  // namespace

void NetworkResult::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kDescription, description);
  fields.value(keys::kParameters, parameters);
  fields.value(keys::kMultiplyAdds, multiply_adds);
}

void MemberResult::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kWeights, weights);
}

void StoppedResult::bind(ResultFields& fields) {
  fields.value(keys::kEpochs, epochs);
  fields.value(keys::kEpoch, epoch);
  fields.value("kept_epoch", kept_epoch);
}

void Interval::bind(ResultFields& fields) {
  fields.value(keys::kLow, low);
  fields.value(keys::kHigh, high);
}

void Intervals::OfSplit::bind(ResultFields& fields) {
  fields.value(keys::kAccuracy, accuracy);
  fields.value(keys::kErrors, errors);
}

void Intervals::bind(ResultFields& fields) {
  fields.value(keys::kConfidence, confidence);
  fields.value(kMethod, method);
  for (const std::string& key : fields.keys_there())
    if (key != keys::kConfidence && key != kMethod) splits[key] = {};
  for (auto& [split, intervals] : splits) fields.value(split, intervals);
}

std::optional<double> EpochSplit::number(const std::string& metric) const {
  if (metric == keys::kExamples) return static_cast<double>(examples);
  if (metric == keys::kErrors) return static_cast<double>(errors);
  return metric == keys::kLoss ? loss : metric == keys::kAccuracy ? accuracy : std::nullopt;
}

void EpochSplit::bind(ResultFields& fields) {
  fields.value(keys::kExamples, examples);
  fields.value(keys::kLoss, loss);
  fields.value(keys::kAccuracy, accuracy);
  fields.value(keys::kErrors, errors);
}

void CurvePoint::bind(ResultFields& fields) {
  fields.value(keys::kEpoch, epoch);
  fields.value(keys::kLearningRate, learning_rate, Gap::omitted);
  fields.value(keys::kTrain, train);
  fields.value(keys::kValidation, validation);
  fields.value(keys::kTerms, terms);
}

std::optional<double> StageResult::number(const std::string& split, const std::string& metric) const {
  const Metrics* found = evaluations.find(split);
  return found == nullptr ? std::nullopt : found->number(metric);
}

std::string StageResult::note() const {
  std::string note;
  const auto add = [&](const std::string& sentence) {
    if (!sentence.empty()) note += (note.empty() ? "" : "; ") + sentence;
  };
  for (const auto& part : parts.all())
    if (part->says_all()) return part->note(*this);
  for (const auto& part : parts.all())
    if (part->key() != std::string(ReplicasPart::kKey)) add(part->note(*this));
  if (stopped) {
    const std::string end = fmt::format("stopped after {} of {} epochs", format_count(stopped->epoch.value),
                                        format_count(static_cast<double>(stopped->epochs)));
    add(stopped->kept_epoch.value == stopped->epoch.value
            ? end
            : fmt::format("{}, keeps epoch {}", end, format_count(stopped->kept_epoch.value)));
  }
  if (loss_parameters) add(fmt::format("loss parameters: {}", format_count(static_cast<double>(*loss_parameters))));
  if (const auto* replicas = parts.find<ReplicasPart>()) add(replicas->note(*this));
  return note;
}

void StageResult::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kStatus, status);
  fields.value(keys::kNetwork, network);
  fields.value(keys::kTeacher, teacher);
  fields.value("objective", objective);
  fields.value("evaluations", evaluations, OverSeeds::first);  // combine_stages() knows its metrics
  fields.value(keys::kWeights, weights, {OverSeeds::none, Gap::omitted});
  for (const std::string& key : fields.keys_there())
    if (!own_keys().contains(key)) parts.add(make_stage_part(key));
  StagePart* replicas = parts.find(ReplicasPart::kKey);
  if (replicas != nullptr) fields.value(replicas->key(), *replicas);  // before what it consists of
  fields.value("members", members, {OverSeeds::none, Gap::omitted});
  for (const auto& part : parts.all())
    if (part.get() != replicas) fields.value(part->key(), *part);
  fields.value(keys::kSeconds, seconds, Gap::omitted);
  fields.value(keys::kExamplesPerSecond, examples_per_second, Gap::omitted);
  fields.value(keys::kEpochs, epochs, Gap::omitted);
  fields.value("loss_parameters", loss_parameters, Gap::omitted);
  fields.value("stopped", stopped, Gap::omitted);
  fields.value("conditions", conditions, Gap::omitted);
  fields.value("note", said);
  fields.value("intervals", intervals, {OverSeeds::none, Gap::omitted});
  fields.value("curves", curves, {OverSeeds::none, Gap::omitted});
  fields.value(keys::kOverSeeds, over_seeds, Gap::omitted);
  fields.value("weights_of_seeds", weights_of_seeds, Gap::omitted);
}

StageResult combine_stages(const std::vector<const StageResult*>& seeds) {
  StageResult combined = mean_over_seeds(seeds);
  combined.over_seeds.emplace();
  for (auto& [split, means] : combined.evaluations) {
    std::vector<const Metrics*> of_split;
    for (const StageResult* seed : seeds)
      if (const Metrics* found = seed->evaluations.find(split)) of_split.push_back(found);
    combine_metrics(of_split, means, (*combined.over_seeds)[split]);
  }
  bool all_known = true;
  for (const auto& part : combined.parts.all()) {
    std::vector<const StagePart*> of_seeds;
    for (const StageResult* seed : seeds)
      if (const StagePart* found = seed->parts.find(part->key())) of_seeds.push_back(found);
    part->combine(of_seeds);
    all_known &= !is_unknown(*part);
  }
  if (all_known) combined.said = combined.note();
  return combined;
}

std::string format_count(double number) {
  return number == std::round(number) ? with_commas(std::llround(number)) : fmt::format("{:.1f}", number);
}

}  // namespace limbeck
