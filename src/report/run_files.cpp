#include "report/run_files.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "report/json_fields.h"

namespace limbeck {
namespace {

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

ReportedEpoch parse_epoch(const Json& line) {
  ReportedEpoch epoch;
  epoch.epoch = json_integer(line, "epoch").value_or(0);
  epoch.epochs = json_integer(line, "epochs");
  epoch.seconds = json_number(line, "seconds");
  epoch.examples_per_second = json_number(line, "examples_per_second");
  epoch.learning_rate = json_number(line, "learning_rate");
  epoch.train_loss = json_number(json_field(line, "train"), "loss");
  epoch.train_accuracy = json_number(json_field(line, "train"), "accuracy");
  epoch.validation_accuracy = json_number(json_field(line, "validation"), "accuracy");
  const Json& terms = json_field(line, "terms");
  if (terms.is_object()) {
    for (const auto& [name, value] : terms.items())
      if (const auto loss = json_number(value)) epoch.terms.emplace_back(name, *loss);
  }
  return epoch;
}

ReportedClass parse_class(const Json& json) {
  return {.name = json_text(json, "class"),
          .examples = json_integer(json, "examples").value_or(0),
          .errors = json_integer(json, "errors").value_or(0),
          .recall = json_number(json, "recall"),
          .precision = json_number(json, "precision")};
}

ReportedBin parse_bin(const Json& json) {
  return {.low = json_number(json, "low").value_or(0),
          .high = json_number(json, "high").value_or(0),
          .count = json_integer(json, "count").value_or(0),
          .confidence = json_number(json, "confidence"),
          .accuracy = json_number(json, "accuracy")};
}

/// The matrix when it is square, else none.
std::vector<std::vector<int64_t>> parse_confusion(const Json& json) {
  std::vector<std::vector<int64_t>> confusion;
  for (const Json& row : json_items(json)) {
    std::vector<int64_t>& counts = confusion.emplace_back();
    for (const Json& count : json_items(row)) counts.push_back(json_integer(count).value_or(0));
  }
  const bool square = std::all_of(confusion.begin(), confusion.end(),
                                  [&](const std::vector<int64_t>& row) { return row.size() == confusion.size(); });
  return square ? confusion : std::vector<std::vector<int64_t>>{};
}

void parse_picture(const Json& json, ReportedExample& example) {
  std::vector<int64_t> shape;
  for (const Json& size : json_items(json_field(json, "shape"))) shape.push_back(json_integer(size).value_or(0));
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  const std::vector<Json>& pixels = json_items(json_field(json, "pixels"));
  constexpr int64_t kLargestSide = 1 << 14;
  if (shape.size() != 3 || (shape[0] != 1 && shape[0] != 3)) return;
  if (shape[1] < 1 || shape[2] < 1 || shape[1] > kLargestSide || shape[2] > kLargestSide) return;
  if (static_cast<int64_t>(pixels.size()) != shape[0] * shape[1] * shape[2]) return;
  example.channels = shape[0];
  example.height = shape[1];
  example.width = shape[2];
  for (const Json& pixel : pixels)
    example.pixels.push_back(static_cast<uint8_t>(std::clamp(json_number(pixel).value_or(0), 0.0, 255.0)));
}

ReportedExample parse_example(const Json& json) {
  ReportedExample example;
  example.id = json_integer(json, "id").value_or(0);
  example.label = json_integer(json, "label").value_or(-1);
  parse_picture(json, example);
  const Json& logits = json_field(json, "logits");
  if (!logits.is_object()) return example;
  for (const auto& [stage, values] : logits.items()) {
    std::vector<double> numbers;
    for (const Json& value : json_items(values)) numbers.push_back(json_number(value).value_or(0));
    if (!numbers.empty()) example.logits.emplace_back(stage, std::move(numbers));
  }
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
    ReportedBin& bin = sum.reliability[i];
    const ReportedBin& other = seed.reliability[i];
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
    ReportedClass& of = detail.classes[i];
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
    const ReportedEpoch epoch = parse_epoch(parse_json(line, fmt::format("{}:{}", file.string(), line_number)));
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
  ReportedDetail detail;
  detail.examples = json_integer(evaluation, "examples").value_or(0);
  for (const Json& of : json_items(json_field(evaluation, "per_class"))) detail.classes.push_back(parse_class(of));
  detail.confusion = parse_confusion(json_field(evaluation, "confusion"));
  for (const Json& bin : json_items(json_field(evaluation, "reliability")))
    detail.reliability.push_back(parse_bin(bin));
  return detail;
}

ReportedDetail pooled(const std::vector<ReportedDetail>& seeds) {
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
  const Json json = read_json(file);
  examples.split = json_text(json, "split");
  examples.teacher = json_text(json, "teacher");
  for (const Json& temperature : json_items(json_field(json, "temperatures")))
    if (const auto value = json_number(temperature); value && *value > 0) examples.temperatures.push_back(*value);
  for (const Json& example : json_items(json_field(json, "examples")))
    examples.examples.push_back(parse_example(example));
  return examples;
}

}  // namespace limbeck
