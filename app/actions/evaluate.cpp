#include <fmt/core.h>

#include <algorithm>

#include "app/actions/all.h"
#include "app/actions/data_source.h"
#include "app/commands/evaluate.h"
#include "core/json.h"
#include "core/text.h"
#include "experiment/experiment.h"
#include "experiment/model.h"
#include "experiment/model_files.h"
#include "experiment/run_networks.h"
#include "experiment/spoken_frames.h"
#include "programs/torchscript_file.h"
#include "report/text_table.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

/// `run`: the one that the model lies in; what it was given is here what it was there.
Model load_for(const std::string& file, const std::vector<fs::path>& run, const Dataset& dataset,
               const std::string& input) {
  if (!input.empty() && (!looks_like_torchscript(file) || read_torchscript_file(file).extra.contains("limbeck.input")))
    throw Error(ErrorKind::usage, fmt::format("'{}' says itself what its input is; --input and --teacher-input are for "
                                              "TorchScript files that Limbeck did not write",
                                              file));
  RunNetwork found = network_of_file(file, run);
  if (!input.empty()) found.given.reset();
  const Model model = load(found, made_for(dataset, input));
  check_fits(model, dataset, fmt::format("'{}'", file));
  return model;
}

std::string percent_text(const Json& value) {
  return value.is_null() ? "–" : fmt::format("{:.2f} %", 100 * value.get<double>());
}

void print_details(const Json& json) {
  print_out("{} errors on the {} split of {}, {} examples: accuracy {}, NLL {:.4f}, ECE {}",
            json["errors"].get<int64_t>(), json["split"].get<std::string>(), json["data"].get<std::string>(),
            with_commas(json["examples"].get<int64_t>()), percent_text(json["accuracy"]), json["nll"].get<double>(),
            percent_text(json["ece"]));
  if (!json["agreement"].is_null())
    print_out("; agrees with the teacher on {}, KL to it {:.4f}", percent_text(json["agreement"]),
              json["teacher_kl"].get<double>());
  for (const auto& [key, what] : {std::pair{"words", "words"}, std::pair{"string_words", "words in strings"}})
    if (json.contains(key))
      print_out("\n{} of {} {} wrong ({}): {} substitutions, {} deletions, {} insertions", json[key]["errors"].dump(),
                json[key]["words"].dump(), what, percent_text(json[key]["rate"]), json[key]["substitutions"].dump(),
                json[key]["deletions"].dump(), json[key]["insertions"].dump());
  TextTable table({{"class", Align::left},
                   {"examples", Align::right},
                   {"errors", Align::right},
                   {"recall", Align::right},
                   {"precision", Align::right}});
  for (const Json& row : json["per_class"])
    table.add({row["class"].get<std::string>(), row["examples"].dump(), row["errors"].dump(),
               percent_text(row["recall"]), percent_text(row["precision"])});
  print_out("\n\n{}\nMost frequent confusions (true → chosen):\n", table.text());
  std::vector<std::tuple<int64_t, std::string, std::string>> confusions;
  for (size_t i = 0; i < json["confusion"].size(); ++i)
    for (size_t j = 0; j < json["confusion"].size(); ++j)
      if (const auto count = json["confusion"][i][j].get<int64_t>(); i != j && count > 0)
        confusions.emplace_back(count, json["per_class"][i]["class"], json["per_class"][j]["class"]);
  std::stable_sort(confusions.begin(), confusions.end(),
                   [](const auto& a, const auto& b) { return std::get<0>(a) > std::get<0>(b); });
  for (size_t i = 0; i < std::min<size_t>(confusions.size(), 8); ++i)
    print_out("  {} → {}: {}\n", std::get<1>(confusions[i]), std::get<2>(confusions[i]), std::get<0>(confusions[i]));
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
  for (std::string* model : {&flags.model, &flags.teacher})  // what is not there is found before any data is looked for
    if (!model->empty()) *model = model_file(*model).string();
  const auto dataset = load_source(source_for(flags.source, flags.model, "a network is measured on data"), flags.data);
  const std::optional<fs::path> lies_in = run_of_file(flags.model);
  const std::vector<fs::path> run = lies_in ? std::vector{*lies_in} : std::vector<fs::path>{};
  const Model model = load_for(flags.model, run, *dataset, flags.input);
  const bool test = flags.split == "test";
  const FrameLabels labels = labels_for(*dataset, flags.labels);
  const ExampleSet examples = ExampleSet(test ? dataset->test : dataset->train, flags.split, *dataset)
                                  .with_labels(test ? labels.test : labels.train);
  at::Tensor teacher_logits;
  if (!flags.teacher.empty()) {
    const Model teacher = load_for(flags.teacher, run, *dataset, flags.teacher_input);
    teacher_logits = predict_logits(*teacher.network, examples);
  }
  const at::Tensor logits = predict_logits(*model.network, examples);
  Json json = {{"data", dataset->name}, {"split", flags.split}};
  json.update(details(evaluate(logits, examples.labels(), teacher_logits), dataset->classes));
  if (dataset->speech != nullptr && test) json.update(word_numbers(*dataset, labels, *model.network, logits));
  if (output.json)
    print_out("{}\n", json.dump(1));
  else
    print_details(json);
}

}  // namespace limbeck
