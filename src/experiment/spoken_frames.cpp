#include "experiment/spoken_frames.h"

#include <ATen/TensorOperators.h>

#include "core/hash.h"
#include "core/json.h"
#include "nn/weights.h"
#include "results/keys.h"
#include "speech/recognition.h"
#include "train/evaluation.h"

namespace limbeck {

namespace {

constexpr const char* kFrames = "limbeck.frames";

}  // namespace

void save_labels(const fs::path& file, const FrameLabels& labels, const Dataset& dataset) {
  save_tensors(file, {{"train", labels.train}, {"test", labels.test}}, {{kFrames, dataset.speech->recorded}});
}

FrameLabels load_labels(const fs::path& file, const Dataset& dataset) {
  const auto [tensors, metadata] = load_tensors(file);
  if (!tensors.contains("train") || !tensors.contains("test"))
    throw Error(fmt::format("'{}' does not hold the labels of two splits", file.string()));
  for (const char* split : {"train", "test"})
    if (tensors.at(split).scalar_type() != at::kLong)
      throw Error(fmt::format("'{}' holds labels that are no whole numbers", file.string()));
  const FrameLabels labels{.train = tensors.at("train"), .test = tensors.at("test"), .aligned = true};
  const auto frames = metadata.find(kFrames);
  if (labels.train.sizes() != dataset.train.labels.sizes() || labels.test.sizes() != dataset.test.labels.sizes() ||
      (frames != metadata.end() && frames->second != dataset.speech->recorded))
    throw Error(fmt::format("'{}' holds the labels of other recordings", file.string()));
  const auto states = static_cast<int64_t>(dataset.classes.size());
  for (const at::Tensor& of_split : {labels.train, labels.test})
    if (of_split.numel() > 0 && (of_split.min().item<int64_t>() < 0 || of_split.max().item<int64_t>() >= states))
      throw Error(
          fmt::format("'{}' holds labels that are no states of this data set, which has {}", file.string(), states));
  return labels;
}

std::string fingerprint_of(const FrameLabels& labels) {
  Hasher hasher;
  for (const at::Tensor& tensor : {labels.train.contiguous(), labels.test.contiguous()})
    hasher.add(tensor.data_ptr(), tensor.nbytes());
  return hasher.fingerprint();
}

FrameLabels align_frames(const Dataset& dataset, const FrameLabels& labels, const Network& network, at::Device device) {
  const SpeechCorpus& corpus = *dataset.speech;
  const at::Tensor priors = log_priors(corpus, labels.train);
  const Durations durations = durations_of(corpus, corpus.train, labels.train);
  const auto of_split = [&](const Split& split, const std::vector<Utterance>& utterances, const at::Tensor& before) {
    const at::Tensor logits = predict_logits(network, ExampleSet(split, "frames", dataset).to(device));
    return align(corpus, utterances, frame_scores(logits, priors), durations, before);
  };
  return {.train = of_split(dataset.train, corpus.train, labels.train),
          .test = of_split(dataset.test, corpus.test, labels.test),
          .aligned = true};
}

Named<double> changed_labels(const FrameLabels& before, const FrameLabels& after) {
  const auto part = [](const at::Tensor& a, const at::Tensor& b) {
    return a.ne(b).to(at::kDouble).mean().item<double>();
  };
  Named<double> changed;
  changed.add(keys::kTrain, part(before.train, after.train));
  changed.add(keys::kTest, part(before.test, after.test));
  return changed;
}

Metrics word_metrics(const Dataset& dataset, const FrameLabels& labels, const Network& network,
                     const at::Tensor& test_logits) {
  const SpeechCorpus& corpus = *dataset.speech;
  const at::Tensor priors = log_priors(corpus, labels.train);
  const Durations durations = durations_of(corpus, corpus.train, labels.train);
  const WordErrors words =
      recognise(corpus.test, frame_scores(test_logits, priors), StateGraph::one_word(corpus, durations));
  const auto counts = [](const WordErrors& errors) {
    Metrics metrics;
    metrics.read(errors.json());
    return metrics;
  };
  Metrics metrics;
  metrics.set(keys::kWordErrorRate, words.rate());
  metrics.set(keys::kWords, counts(words));
  if (corpus.test_strings.utterances.empty()) return metrics;
  const auto scores = [&](const Strings& strings) {
    return frame_scores(
        predict_logits(network, ExampleSet(strings.frames, "strings", dataset).to(test_logits.device())), priors);
  };
  const double penalty = corpus.training_strings.utterances.empty()
                             ? corpus.word_penalties.front()
                             : best_word_penalty(corpus, durations, scores(corpus.training_strings));
  const WordErrors strings = recognise(corpus.test_strings.utterances, scores(corpus.test_strings),
                                       StateGraph::word_loop(corpus, durations, penalty));
  Metrics of_strings = counts(strings);
  of_strings.set("word_penalty", penalty);
  metrics.set(keys::kStringWordErrorRate, strings.rate());
  metrics.set(keys::kStringWords, std::move(of_strings));
  return metrics;
}

}  // namespace limbeck
