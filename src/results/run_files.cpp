#include "results/run_files.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "results/binding.h"
#include "results/epoch_metrics.h"
#include "results/examples_result.h"
#include "results/json_fields.h"
#include "results/keys.h"

namespace limbeck {
namespace {

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

ReportedEpoch reported_epoch(const EpochMetrics& epoch) {
  ReportedEpoch reported;
  reported.epoch = epoch.epoch;
  reported.epochs = epoch.epochs;
  reported.seconds = epoch.seconds;
  reported.examples_per_second = epoch.examples_per_second;
  reported.learning_rate = epoch.learning_rate;
  if (epoch.train) reported.train_loss = epoch.train->loss;
  if (epoch.train) reported.train_accuracy = epoch.train->accuracy;
  if (epoch.validation) reported.validation_accuracy = epoch.validation->accuracy;
  for (const auto& [name, loss] : epoch.terms)
    if (loss) reported.terms.emplace_back(name, *loss);
  return reported;
}

/// Whether it is square.
bool is_confusion(const std::vector<std::vector<int64_t>>& matrix) {
  return std::all_of(matrix.begin(), matrix.end(),
                     [&](const std::vector<int64_t>& row) { return row.size() == matrix.size(); });
}

/// The pixels, where there are as many as the shape has.
void take_picture(const ExampleResult& result, ReportedExample& example) {
  std::vector<int64_t> shape = result.shape;
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  constexpr int64_t kLargestSide = 1 << 14;
  if (shape.size() != 3 || (shape[0] != 1 && shape[0] != 3)) return;
  if (shape[1] < 1 || shape[2] < 1 || shape[1] > kLargestSide || shape[2] > kLargestSide) return;
  if (static_cast<int64_t>(result.pixels.size()) != shape[0] * shape[1] * shape[2]) return;
  example.channels = shape[0];
  example.height = shape[1];
  example.width = shape[2];
  for (const int64_t pixel : result.pixels)
    example.pixels.push_back(static_cast<uint8_t>(std::clamp<int64_t>(pixel, 0, 255)));
}

ReportedExample reported_example(const ExampleResult& result) {
  ReportedExample example;
  example.id = result.id;
  example.label = result.label;
  take_picture(result, example);
  for (const auto& [stage, numbers] : result.logits)
    if (!numbers.empty()) example.logits.emplace_back(stage, numbers);
  return example;
}

void add(ReportedDetail& sum, const ReportedDetail& seed) {
  sum.examples += seed.examples;
  for (size_t i = 0; i < sum.classes.size(); ++i) {
    sum.classes[i].examples += seed.classes[i].examples;
    sum.classes[i].errors += seed.classes[i].errors;
  }
  for (size_t row = 0; row < sum.confusion.size(); ++row)
    for (size_t column = 0; column < sum.confusion.size(); ++column)
      sum.confusion[row][column] += seed.confusion[row][column];
  for (size_t i = 0; i < sum.reliability.size(); ++i) {
    BinDetail& bin = sum.reliability[i];
    const BinDetail& other = seed.reliability[i];
    const auto total = static_cast<double>(bin.count + other.count);
    const auto mixed = [&](std::optional<double> mine, std::optional<double> theirs) -> std::optional<double> {
      if (!mine || !theirs) return mine ? mine : theirs;
      return total > 0 ? (*mine * static_cast<double>(bin.count) + *theirs * static_cast<double>(other.count)) / total
                       : *mine;
    };
    bin.confidence = mixed(bin.confidence, other.confidence);
    bin.accuracy = mixed(bin.accuracy, other.accuracy);
    bin.count += other.count;
  }
}

/// Recall and precision of the pooled counts: right predictions by examples of the class, and by predictions of it.
void recompute_rates(ReportedDetail& detail) {
  for (size_t i = 0; i < detail.classes.size(); ++i) {
    ClassDetail& of = detail.classes[i];
    if (of.examples > 0) of.recall = 1.0 - static_cast<double>(of.errors) / static_cast<double>(of.examples);
    if (detail.confusion.size() != detail.classes.size()) continue;
    int64_t predicted = 0;
    for (const std::vector<int64_t>& row : detail.confusion) predicted += row[i];
    of.precision.reset();
    if (predicted > 0) of.precision = static_cast<double>(detail.confusion[i][i]) / static_cast<double>(predicted);
  }
}

}  // namespace

std::vector<ReportedEpoch> read_metrics(const fs::path& file) {
  if (!is_there(file)) return {};
  const std::string content = read_file(file);
  std::map<int64_t, ReportedEpoch> epochs;
  size_t line_number = 0;
  for (size_t start = 0; start < content.size();) {
    const size_t end = std::min(content.find('\n', start), content.size());
    const std::string line = content.substr(start, end - start);
    start = end + 1;
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (start >= content.size() && !parse_json_line(line)) break;  // the last line, cut by a crash
    const Json json = parse_json(line, fmt::format("{}:{}", file.string(), line_number));
    const ReportedEpoch epoch = reported_epoch(from_json<EpochMetrics>(json));
    epochs[epoch.epoch] = epoch;
  }
  std::vector<ReportedEpoch> ordered;
  ordered.reserve(epochs.size());
  for (auto& [number, epoch] : epochs) ordered.push_back(std::move(epoch));
  return ordered;
}

std::optional<ReportedDetail> read_detail(const fs::path& file, const std::string& split) {
  if (!is_there(file)) return std::nullopt;
  const Json json = read_json(file);
  const Json& evaluation = json_field(json, split);
  if (!evaluation.is_object()) return std::nullopt;
  auto read = from_json<EvaluationDetail>(evaluation);
  ReportedDetail detail{.examples = std::llround(read.summary.number(keys::kExamples).value_or(0)),
                        .classes = std::move(read.classes),
                        .confusion = {},
                        .reliability = std::move(read.reliability)};
  if (is_confusion(read.confusion)) detail.confusion = std::move(read.confusion);
  return detail;
}

ReportedDetail pool_details(const std::vector<ReportedDetail>& seeds) {
  if (seeds.empty()) return {};
  ReportedDetail sum = seeds.front();
  for (size_t i = 1; i < seeds.size(); ++i)
    if (seeds[i].classes.size() == sum.classes.size() && seeds[i].confusion.size() == sum.confusion.size() &&
        seeds[i].reliability.size() == sum.reliability.size())
      add(sum, seeds[i]);
  if (seeds.size() > 1) recompute_rates(sum);
  return sum;
}

ReportedExamples read_examples(const fs::path& file) {
  ReportedExamples examples;
  if (!is_there(file)) return examples;
  const auto read = from_json<ExamplesResult>(read_json(file));
  examples.split = read.split;
  examples.teacher = read.teacher;
  for (const Number& temperature : read.temperatures)
    if (temperature.value > 0) examples.temperatures.push_back(temperature.value);
  for (const ExampleResult& example : read.examples) examples.examples.push_back(reported_example(example));
  return examples;
}

}  // namespace limbeck
