#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "app/actions/all.h"
#include "app/actions/data_source.h"
#include "app/commands/evaluate.h"
#include "core/text.h"
#include "experiment/device.h"
#include "experiment/experiment.h"
#include "experiment/run_networks.h"
#include "experiment/spoken_frames.h"
#include "models/model.h"
#include "report/text_table.h"
#include "results/binding.h"
#include "results/keys.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

/// Loads the network for this dataset. `input`: the preprocessing of a foreign program, as a recipe gives it; empty:
/// none.
Model load_for(RunNetwork found, const Dataset& dataset, const std::string& input) {
  const std::string file = found.files.front().string();
  if (!input.empty() && !is_foreign_program(file))
    throw Error(ErrorKind::usage, fmt::format("'{}' says itself what its input is; --input and --teacher-input are for "
                                              "TorchScript and .pt2 files that Limbeck did not write",
                                              file));
  if (!input.empty()) found.given.reset();
  const Model model = load(found, made_for(dataset, input));
  check_fits(model, dataset, fmt::format("'{}'", file));
  return model;
}

std::string percent_text(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f} %", 100 * *value) : "–";
}

/// What the command finds: an evaluation in detail, and of which data.
struct MeasuredModel {
  std::string data, split;
  EvaluationDetail detail;
  Metrics words;  ///< of recordings

  void bind(ResultFields& fields) {
    fields.value("data", data);
    fields.value(keys::kSplit, split);
    detail.bind(fields);
    for (const auto& [name, value] : words) {
      Json json = metric_json(value);
      fields.value(name, json);
    }
  }
};

std::string words_text(const Metrics& found, const char* key, const char* what) {
  const Metrics* group = found.group(key);
  if (group == nullptr) return "";
  const auto words = from_json<WordCounts>(group->json());
  return fmt::format("\n{} of {} {} wrong ({}): {} substitutions, {} deletions, {} insertions", words.errors,
                     words.words, what, percent_text(words.rate), words.substitutions, words.deletions,
                     words.insertions);
}

void print_confusions(const EvaluationDetail& detail) {
  print_out("Most frequent confusions (true → chosen):\n");
  std::vector<std::tuple<int64_t, std::string, std::string>> confusions;
  for (size_t i = 0; i < detail.confusion.size(); ++i)
    for (size_t j = 0; j < detail.confusion.size(); ++j)
      if (const int64_t count = detail.confusion[i][j]; i != j && count > 0)
        confusions.emplace_back(count, detail.classes[i].name, detail.classes[j].name);
  std::stable_sort(confusions.begin(), confusions.end(),
                   [](const auto& a, const auto& b) { return std::get<0>(a) > std::get<0>(b); });
  for (size_t i = 0; i < std::min<size_t>(confusions.size(), 8); ++i)
    print_out("  {} → {}: {}\n", std::get<1>(confusions[i]), std::get<2>(confusions[i]), std::get<0>(confusions[i]));
}

void print_details(const MeasuredModel& measured) {
  const EvaluationDetail& detail = measured.detail;
  const auto number = [&](const char* key) { return detail.summary.number(key); };
  const auto count = [&](const char* key) { return static_cast<int64_t>(number(key).value_or(0)); };
  print_out("{} errors on the {} split of {}, {} examples: accuracy {}, NLL {:.4f}, ECE {}", count(keys::kErrors),
            measured.split, measured.data, with_commas(count(keys::kExamples)), percent_text(number(keys::kAccuracy)),
            number(keys::kNll).value_or(NAN), percent_text(number(keys::kEce)));
  if (const auto agreement = number(keys::kAgreement))
    print_out("; agrees with the teacher on {}, KL to it {:.4f}", percent_text(agreement),
              number(keys::kTeacherKl).value_or(NAN));
  print_out("{}{}", words_text(measured.words, keys::kWords, "words"),
            words_text(measured.words, keys::kStringWords, "words in strings"));
  TextTable table({{"class", Align::left},
                   {"examples", Align::right},
                   {"errors", Align::right},
                   {"recall", Align::right},
                   {"precision", Align::right}});
  for (const ClassDetail& row : detail.classes)
    table.add({row.name, std::to_string(row.examples), std::to_string(row.errors), percent_text(row.recall),
               percent_text(row.precision)});
  print_out("\n\n{}\n", table.text());
  print_confusions(detail);
}

/// The labels that examples are measured by: of recordings, those of a file, or an even division, which is told.
FrameLabels labels_for(const Dataset& dataset, const std::string& file) {
  const FrameLabels labels{.train = dataset.train.labels, .test = dataset.test.labels};
  if (file.empty() && dataset.speech == nullptr) return labels;
  if (dataset.speech == nullptr)
    throw Error(ErrorKind::usage, fmt::format("--labels is of recordings; '{}' has none", dataset.name));
  if (file.empty()) {
    print_error(
        "The frames are measured by an even division of each recording among the states of its word; --labels names "
        "better ones.\n");
    return labels;
  }
  return load_labels(file, dataset);
}

}  // namespace

void evaluate(EvaluateFlags flags, const OutputOptions& output) {
  use_threads(flags.threads);
  // What is not there is found before any data is looked for.
  RunNetwork found = network_named(flags.model);
  const fs::path own = found.files.back();  // the first may be a generalist's, which a run was given
  std::optional<RunNetwork> teacher_found;
  if (!flags.teacher.empty()) {
    const std::optional<fs::path> run = run_of_file(own);
    teacher_found = network_named(flags.teacher, run ? std::vector{*run} : std::vector<fs::path>{});
  }
  const auto dataset = load_source(source_for(flags.source, own.string(), "a network is measured on data"), flags.data);
  const Model model = load_for(std::move(found), *dataset, flags.input);
  const bool test = flags.split == "test";
  const FrameLabels labels = labels_for(*dataset, flags.labels);
  const ExampleSet examples = ExampleSet(test ? dataset->test : dataset->train, flags.split, *dataset)
                                  .with_labels(test ? labels.test : labels.train);
  at::Tensor teacher_logits;
  if (teacher_found) {
    const Model teacher = load_for(std::move(*teacher_found), *dataset, flags.teacher_input);
    teacher_logits = predict_logits(*teacher.network, examples);
  }
  const at::Tensor logits = predict_logits(*model.network, examples);
  MeasuredModel measured{.data = dataset->name,
                         .split = flags.split,
                         .detail = details(evaluate(logits, examples.labels(), teacher_logits), dataset->classes),
                         .words = {}};
  if (dataset->speech != nullptr && test) measured.words = word_metrics(*dataset, labels, *model.network, logits);
  if (output.json)
    print_out("{}\n", to_json(measured).dump(1));
  else
    print_details(measured);
}

}  // namespace limbeck
