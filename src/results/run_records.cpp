// The bindings of the files that a run leaves beside results.json.
#include "core/error.h"
#include "core/json.h"
#include "results/binding.h"
#include "results/epoch_metrics.h"
#include "results/evaluation_detail.h"
#include "results/examples_result.h"
#include "results/json_fields.h"
#include "results/keys.h"
#include "results/stage_record.h"
#include "results/sweep_results.h"

namespace limbeck {
namespace {

constexpr const char *kPerClass = "per_class", *kConfusion = "confusion", *kReliability = "reliability";

EpochSplit sums_of(const SplitMetrics& metrics) {
  return {.examples = metrics.examples, .loss = metrics.loss, .accuracy = metrics.accuracy, .errors = metrics.errors};
}

}  // namespace

void EpochMetrics::bind(ResultFields& fields) {
  fields.value(keys::kEpoch, epoch);
  fields.value(keys::kEpochs, epochs);
  fields.value("step", step);
  fields.value(keys::kLearningRate, learning_rate);
  fields.value("time", time);
  fields.value(keys::kSeconds, seconds);
  fields.value(keys::kExamplesPerSecond, examples_per_second);
  fields.value(keys::kTrain, train);
  fields.value(keys::kTerms, terms);
  fields.value(keys::kValidation, validation);
}

const EpochSplit* EpochMetrics::on(const std::string& split) const {
  const std::optional<EpochSplit>& found = split == keys::kTrain ? train : validation;
  return found && (split == keys::kTrain || split == keys::kValidation) ? &*found : nullptr;
}

EpochMetrics metrics_of(const EpochDone& epoch, double time) {
  EpochMetrics metrics{.epoch = epoch.epoch,
                       .epochs = epoch.epochs,
                       .step = epoch.step,
                       .learning_rate = epoch.learning_rate,
                       .time = time,
                       .seconds = epoch.seconds,
                       .examples_per_second = epoch.examples_per_second,
                       .train = sums_of(epoch.train),
                       .validation = std::nullopt,
                       .terms = {}};
  if (epoch.validation) metrics.validation = sums_of(*epoch.validation);
  for (const auto& [name, loss] : epoch.terms) metrics.terms.add(name, loss);
  return metrics;
}

CurvePoint curve_point(const EpochMetrics& epoch) {
  return {.epoch = epoch.epoch,
          .learning_rate = epoch.learning_rate,
          .train = epoch.train,
          .validation = epoch.validation,
          .terms = epoch.terms};
}

void ClassDetail::bind(ResultFields& fields) {
  fields.value("class", name);
  fields.value(keys::kExamples, examples);
  fields.value(keys::kErrors, errors);
  fields.value("recall", recall);
  fields.value("precision", precision);
}

void BinDetail::bind(ResultFields& fields) {
  fields.value(keys::kLow, low);
  fields.value(keys::kHigh, high);
  fields.value(keys::kCount, count);
  fields.value(keys::kConfidence, confidence);
  fields.value(keys::kAccuracy, accuracy);
}

void EvaluationDetail::bind(ResultFields& fields) {
  for (const std::string& key : fields.keys_there())
    if (key != kPerClass && key != kConfusion && key != kReliability) summary.set(key, {});
  Metrics read;
  for (const auto& [name, value] : summary) {
    Json json = metric_json(value);
    fields.value(name, json);
    read.set(name, metric_from(json));
  }
  summary = std::move(read);
  fields.value(kPerClass, classes);
  fields.value(kConfusion, confusion);
  fields.value(kReliability, reliability);
}

void WordCounts::bind(ResultFields& fields) {
  fields.value(keys::kWords, words);
  fields.value("substitutions", substitutions);
  fields.value("deletions", deletions);
  fields.value("insertions", insertions);
  fields.value(keys::kErrors, errors);
  fields.value("rate", rate);
  fields.value("word_penalty", word_penalty, Gap::omitted);
}

void ExampleResult::bind(ResultFields& fields) {
  fields.value("id", id);
  fields.value("label", label);
  fields.value("shape", shape);
  fields.value("pixels", pixels);
  fields.value("logits", logits);
}

void ExamplesResult::bind(ResultFields& fields) {
  fields.value(keys::kSplit, split);
  fields.value(keys::kTeacher, teacher);
  fields.value("temperatures", temperatures);
  fields.value(keys::kExamples, examples);
}

template <class Result>
void RecordOf<Result>::bind(ResultFields& fields) {
  fields.value(keys::kFingerprint, fingerprint);
  fields.value("settings", settings, OverSeeds::first);
  fields.value(keys::kResults, results);
  fields.value(keys::kGroups, groups, Gap::omitted);
  fields.value(keys::kFiles, files);
}
template struct RecordOf<StageResult>;
template struct RecordOf<SpecialistResult>;

void SpecialistResult::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value(keys::kSeconds, seconds);
  fields.value(keys::kExamples, examples);
  fields.value(keys::kExamplesPerSecond, examples_per_second);
}

void SweepPointResult::bind(ResultFields& fields) {
  fields.value(keys::kValues, values);
  fields.value(keys::kRun, run);
  fields.value(keys::kStatus, status);
  fields.value(keys::kFingerprint, fingerprint);
  fields.value(keys::kResults, results, Gap::omitted);
  fields.value("results_file", results_file, Gap::omitted);
  fields.value("message", message, Gap::omitted);
}

void SweepResults::bind(ResultFields& fields) {
  fields.value(keys::kName, name);
  fields.value("keys", keys);
  fields.value("metric", metric);
  fields.value(keys::kStage, stage);
  fields.value("chosen_on", chosen_on);
  fields.value(keys::kSeeds, seeds);
  fields.value(keys::kPoints, points);
}

}  // namespace limbeck
