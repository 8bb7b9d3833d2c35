#include "data/recordings/speech.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>

#include "core/error.h"
#include "core/hash.h"
#include "core/random.h"
#include "data/example_set.h"
#include "data/recordings/sound_file.h"

namespace limbeck {
namespace {

constexpr size_t kTrainingStrings = 60;

fs::path find_folder(const std::string& folder, const DataFolders& folders) {
  std::vector<fs::path> places;
  if (!fs::path(folder).is_absolute())
    for (const fs::path& data : folders.all()) places.push_back(data / folder);
  places.emplace_back(folder);
  std::string looked;
  for (const fs::path& place : places) {
    if (fs::is_directory(place)) return place;
    looked += fmt::format("{}'{}'", looked.empty() ? "" : ", ", place.string());
  }
  throw Error(fmt::format("there is no folder of recordings: looked for {}", looked));
}

/// Root mean square of the quietest tenth of pieces of 10 ms; a recording that is digitally silent there gets a little.
float noise_level(const Waveform& samples, int rate) {
  const size_t piece = std::max<size_t>(1, static_cast<size_t>(rate) / 100);
  std::vector<double> powers;
  for (size_t begin = 0; begin + piece <= samples.size() || powers.empty(); begin += piece) {
    double sum = 0;
    const size_t end = std::min(begin + piece, samples.size());
    for (size_t i = begin; i < end; ++i) sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
    powers.push_back(sum / static_cast<double>(piece));
  }
  const size_t tenth = powers.size() / 10;
  std::nth_element(powers.begin(), powers.begin() + static_cast<std::ptrdiff_t>(tenth), powers.end());
  constexpr double kLeast = 1e-5;
  return static_cast<float>(std::max(kLeast, std::sqrt(powers[tenth])));
}

/// Appends `seconds` of noise, drawn from the place of what it stands beside.
void add_noise(Waveform& samples, double seconds, const Sound& beside, int64_t place, uint32_t lane) {
  constexpr int64_t kOfOneStream = int64_t{1} << 16;
  const float level = noise_level(beside.samples, beside.rate);
  const int64_t count = std::llround(seconds * beside.rate);
  for (int64_t begin = 0; begin < count; begin += kOfOneStream) {
    Random random(
        {0, Purpose::synthesis, static_cast<uint32_t>(begin / kOfOneStream), static_cast<uint32_t>(place), lane});
    for (int64_t i = begin; i < std::min(count, begin + kOfOneStream); ++i) samples.push_back(level * random.normal());
  }
}

Waveform with_margins(const Sound& sound, double margin, int64_t place) {
  Waveform samples;
  add_noise(samples, margin, sound, place, 0);
  samples.insert(samples.end(), sound.samples.begin(), sound.samples.end());
  add_noise(samples, margin, sound, place, 1);
  return samples;
}

/// Sounds in the order of the list, at the rate of the options.
std::vector<Sound> read_all(const std::vector<Recording>& recordings, int rate, const DataFolders& folders) {
  std::vector<Sound> sounds(recordings.size());
  std::vector<std::string> problems;
  std::mutex mutex;
  int64_t done = 0;
  at::parallel_for(0, static_cast<int64_t>(recordings.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      std::string problem;
      try {
        sounds[i] = resample(read_sound(recordings[i].file), rate);
      } catch (const std::exception& error) {
        problem = error.what();
      }
      const std::lock_guard lock(mutex);
      if (!problem.empty()) problems.push_back(problem);
      if (folders.progress) folders.progress(++done, static_cast<int64_t>(recordings.size()));
    }
  });
  if (problems.empty()) return sounds;
  std::sort(problems.begin(), problems.end());
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, problems.size()); ++i) text += (i > 0 ? "\n" : "") + problems[i];
  if (problems.size() > kShown) text += fmt::format("\nand {} more", problems.size() - kShown);
  throw Error(text);
}

/// Calls `make` for 0 … count − 1, by all threads; ends with Error of kind interrupted when a stop is requested.
template <class Make>
void make_in_parallel(size_t count, const std::stop_token& stop, const Make& make) {
  at::parallel_for(0, static_cast<int64_t>(count), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_gradient;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "stopped while recordings were prepared");
      make(i);
    }
  });
}

/// Features of many sounds.
std::vector<at::Tensor> features_of(const std::vector<Waveform>& sounds, const FilterBanks& banks) {
  std::vector<at::Tensor> features(sounds.size());
  make_in_parallel(sounds.size(), {}, [&](size_t i) { features[i] = banks.of(sounds[i]); });
  return features;
}

/// Of states and frames, whatever their labels.
std::string frames_fingerprint(const Dataset& dataset) {
  Hasher hasher;
  for (const std::string& state : dataset.classes) hasher.add(state);
  return hasher.add(ExampleSet(dataset.train, "train", dataset).fingerprint())
      .add(ExampleSet(dataset.test, "test", dataset).fingerprint())
      .fingerprint();
}

/// Mean and deviation of each bank.
struct Statistics {
  at::Tensor mean, deviation;

  explicit Statistics(const std::vector<at::Tensor>& features) {
    const at::Tensor all = at::cat(features).to(at::kDouble);
    mean = all.mean(0).to(at::kFloat);
    deviation = all.std(0, /*unbiased=*/false).clamp_min(1e-3).to(at::kFloat);
  }
  at::Tensor applied(const at::Tensor& features) const { return (features - mean) / deviation; }
};

/// By the name under which features are normalized: each speaker's, or one for all. Statistics are those of training
/// recordings; of a speaker who has none, of the speaker's own.
class Normalization {
 public:
  Normalization(FeatureNormalization kind, const std::vector<Recording>& recordings,
                const std::vector<at::Tensor>& features)
      : kind_(kind) {
    std::set<std::string> trained;
    for (const Recording& recording : recordings)
      if (!recording.test) trained.insert(key(recording.speaker));
    std::map<std::string, std::vector<at::Tensor>> groups;
    for (size_t i = 0; i < recordings.size(); ++i)
      if (const std::string name = key(recordings[i].speaker); !recordings[i].test || !trained.contains(name))
        groups[name].push_back(features[i]);
    if (kind != FeatureNormalization::none)
      for (const auto& [name, of_group] : groups) statistics_.emplace(name, Statistics(of_group));
  }
  at::Tensor applied(const at::Tensor& features, const std::string& speaker) const {
    return kind_ == FeatureNormalization::none ? features : statistics_.at(key(speaker)).applied(features);
  }

 private:
  std::string key(const std::string& speaker) const { return kind_ == FeatureNormalization::speaker ? speaker : ""; }
  FeatureNormalization kind_;
  std::map<std::string, Statistics> statistics_;
};

/// State of each frame when a recording's are divided evenly.
at::Tensor even_labels(const SpeechCorpus& corpus, int64_t frames, int64_t margin, int64_t word) {
  at::Tensor labels = at::empty({frames}, at::kLong);
  auto* label = labels.data_ptr<int64_t>();
  const int64_t inside = std::max<int64_t>(1, frames - 2 * margin);
  for (int64_t i = 0; i < frames; ++i) {
    const int64_t at = i - margin;
    if (at >= 0 && at < inside)
      label[i] = corpus.first_state(word) + at * corpus.states / inside;
    else
      label[i] =
          corpus.first_silence() + (at < 0 ? i : at - inside) * corpus.silence_states / std::max<int64_t>(1, margin);
    label[i] = std::min(label[i], corpus.classes() - 1);
  }
  return labels;
}

/// The frames of an utterance in all of its versions: as recorded, with undefined rows, and in its copies.
using Versions = std::vector<CopiedFrames>;

/// A split of frames from utterances that are appended, each in as many versions.
class FrameSplit {
 public:
  explicit FrameSplit(const SpeechOptions& options) : options_(options) {}

  void add(Versions versions, const at::Tensor& labels) {
    frames_ += labels.size(0);
    labels_.push_back(labels);
    versions_.push_back(std::move(versions));
  }
  /// Same, and appends the utterance with its place.
  void add(std::vector<Utterance>& utterances, Utterance utterance, Versions versions, const at::Tensor& labels) {
    utterance.begin = frames_;
    utterance.frames = labels.size(0);
    utterances.push_back(std::move(utterance));
    add(std::move(versions), labels);
  }
  /// The split with its first `count` versions; not less than one.
  Split take(size_t count = 1) const {
    std::vector<at::Tensor> features, row, first, last;
    int64_t rows = 0;
    bool in_order = true;  // example i is row i
    for (size_t version = 0; version < count; ++version)
      for (const Versions& versions : versions_) {
        const auto& [of_version, places] = versions[version];
        in_order = in_order && version == 0 && !places.defined();
        features.push_back(of_version);
        row.push_back(((places.defined() ? places : at::arange(of_version.size(0))) + rows).to(at::kInt));
        first.push_back(at::full_like(row.back(), rows));
        rows += of_version.size(0);
        last.push_back(at::full_like(row.back(), rows - 1));
      }
    return {.inputs = at::cat(features),
            .labels = at::cat(labels_),
            .context = {.before = options_.before,
                        .after = options_.after,
                        .first = at::cat(first),
                        .last = at::cat(last),
                        .row = in_order ? at::Tensor() : at::cat(row),
                        .versions = static_cast<int64_t>(count)}};
  }

 private:
  const SpeechOptions& options_;
  int64_t frames_ = 0;
  std::vector<at::Tensor> labels_;
  std::vector<Versions> versions_;
};

/// Recordings of a split in strings: places of each string's recordings.
std::vector<std::vector<size_t>> divided_in_strings(const std::vector<Recording>& recordings, bool test,
                                                    int64_t length) {
  std::map<std::string, std::vector<std::pair<uint32_t, size_t>>> of_speaker;  // in random order
  for (size_t i = 0; i < recordings.size(); ++i)
    if (recordings[i].test == test)
      of_speaker[recordings[i].speaker].emplace_back(philox({0, Purpose::order, 0, static_cast<uint32_t>(i)}, 0)[0], i);
  std::vector<std::vector<size_t>> strings;
  for (auto& [speaker, places] : of_speaker) {
    std::sort(places.begin(), places.end());
    for (size_t i = 0; i < places.size(); ++i) {
      if (i % static_cast<size_t>(length) == 0) strings.emplace_back();
      strings.back().push_back(places[i].second);
    }
  }
  return strings;
}

/// At most kTrainingStrings, evenly spread over the list, and so over speakers.
std::vector<std::vector<size_t>> some_of(const std::vector<std::vector<size_t>>& strings) {
  const size_t count = std::min(kTrainingStrings, strings.size());
  std::vector<std::vector<size_t>> some;
  for (size_t i = 0; i < count; ++i) some.push_back(strings[i * strings.size() / count]);
  return some;
}

Waveform joined(const std::vector<size_t>& places, const std::vector<Sound>& sounds, const SpeechOptions& options) {
  Waveform samples;
  add_noise(samples, options.margin, sounds[places.front()], static_cast<int64_t>(places.front()), 2);
  for (const size_t place : places) {
    const Sound& sound = sounds[place];
    samples.insert(samples.end(), sound.samples.begin(), sound.samples.end());
    Random random({0, Purpose::synthesis, 0, static_cast<uint32_t>(place), 3});
    const bool last = place == places.back();
    const double pause = last ? options.margin
                              : static_cast<double>(random.uniform(static_cast<float>(options.pause[0]),
                                                                   static_cast<float>(options.pause[1])));
    add_noise(samples, pause, sound, static_cast<int64_t>(place), 4);
  }
  return samples;
}

}  // namespace

void SpeechOptions::bind(Fields& fields) {
  RecordingsOptions::bind(fields);
  int64_t rate = banks.rate;
  fields.integer("rate", rate, between(1000, 192000), "samples per second to which recordings are brought");
  banks.rate = static_cast<int>(rate);
  fields.integer("banks", banks.banks, between(2, 512), "mel filter banks");
  fields.number("window", banks.window, between(0.002, 1), "seconds of sound in a frame");
  fields.number("step", banks.step, between(0.001, 1), "seconds between frames");
  fields.integer("before", before, between(0, 1000), "context: frames before the labelled one");
  fields.integer("after", after, between(0, 1000), "context: frames after it; the ends of a recording are repeated");
  fields.integer("states", states, between(2, 100), "states of each word's hidden Markov model, from left to right");
  fields.integer("silence_states", silence_states, between(1, 100), "states of silence");
  fields.number("margin", margin, between(0, 10),
                "seconds of noise put before and after each recording, as loud as its quietest tenth");
  fields.choice<FeatureNormalization>(
      "normalize", normalize,
      {{"speaker", FeatureNormalization::speaker},
       {"global", FeatureNormalization::global},
       {"none", FeatureNormalization::none}},
      "each bank to mean 0 and deviation 1: over each speaker's recordings, or over all training ones");
  fields.begin_group("copies", "augmented copies of recordings");
  copies.bind(fields);
  fields.end_group();
  fields.integer("string_length", string_length, between(0, 100),
                 "test recordings of a speaker that are joined to one string; 0: none are");
  fields.numbers("pause", pause, between(0, 10), {.least = 2, .most = 2},
                 "seconds between the words of a string: shortest, longest");
  fields.numbers("word_penalty", word_penalty, any_number(), {.least = 1},
                 "added to the logarithm of a string's probability for each word that is heard; of several, the one "
                 "that is best on strings of training "
                 "recordings");
  fields.require(pause.size() == 2 && pause[0] <= pause[1], "'pause' takes the shortest first");
}

std::string SpeechCorpus::fingerprint() const {
  Hasher hasher;
  for (const std::string& word : words) hasher.add(word).add("/");
  hasher.add(&states, sizeof states).add(&silence_states, sizeof silence_states);
  hasher.add(word_penalties.data(), word_penalties.size() * sizeof(double)).add("/");
  for (const std::vector<Utterance>* list : {&train, &test, &test_strings.utterances, &training_strings.utterances})
    for (const Utterance& utterance : *list) {
      hasher.add(&utterance.begin, sizeof utterance.begin).add(&utterance.frames, sizeof utterance.frames);
      hasher.add(utterance.words.data(), utterance.words.size() * sizeof(int64_t)).add("/");
    }
  for (const Split* split : {&test_strings.frames, &training_strings.frames})
    if (split->inputs.defined()) hasher.add(split->inputs.data_ptr(), split->inputs.nbytes());
  return hasher.fingerprint();
}

std::unique_ptr<Dataset> load_speech(SpeechOptions options, const std::string& name, const DataFolders& folders) {
  const at::NoGradGuard no_gradient;
  options.folder = find_folder(options.folder, folders).string();
  std::vector<std::string> notices;
  const std::vector<Recording> recordings = list_recordings(options, notices);
  const FilterBanks banks(options.banks);
  const std::vector<Sound> sounds = read_all(recordings, options.banks.rate, folders);

  auto corpus = std::make_shared<SpeechCorpus>();
  std::set<std::string> words;
  for (const Recording& recording : recordings) words.insert(recording.word);
  corpus->words.assign(words.begin(), words.end());
  corpus->states = options.states;
  corpus->silence_states = options.silence_states;
  corpus->word_penalties = options.word_penalty;
  const auto place_of = [&](const std::string& word) {
    return std::lower_bound(corpus->words.begin(), corpus->words.end(), word) - corpus->words.begin();
  };

  std::vector<Waveform> padded;
  for (size_t i = 0; i < sounds.size(); ++i)
    padded.push_back(with_margins(sounds[i], options.margin, static_cast<int64_t>(i)));
  std::vector<at::Tensor> features = features_of(padded, banks);
  const Normalization normalization(options.normalize, recordings, features);
  for (size_t i = 0; i < recordings.size(); ++i)
    features[i] = normalization.applied(features[i], recordings[i].speaker);
  const Copyist copyist(options.copies, recordings, sounds, banks);
  std::vector<Versions> copies(recordings.size());
  if (options.copies.count > 0 && folders.tell)
    folders.tell(fmt::format("making {} augmented copies of each training recording", options.copies.count));
  make_in_parallel(recordings.size(), folders.stop, [&](size_t i) {
    const int64_t count = recordings[i].test ? int64_t{options.copies.test} : options.copies.count;
    for (int64_t copy = 1; copy <= count; ++copy) {
      CopiedFrames frames = copyist.copy(padded[i], i, copy);
      frames.features = normalization.applied(frames.features, recordings[i].speaker);
      copies[i].push_back(std::move(frames));
    }
  });
  const auto margin = static_cast<int64_t>(options.margin / options.banks.step);
  FrameSplit train(options), recorded_test(options), copied_test(options);
  for (size_t i = 0; i < recordings.size(); ++i) {
    const Recording& recording = recordings[i];
    const int64_t word = place_of(recording.word);
    const Utterance utterance{
        .words = {word}, .name = recording.file.filename().string(), .speaker = recording.speaker};
    const at::Tensor labels = even_labels(*corpus, features[i].size(0), margin, word);
    Versions recorded = {{.features = features[i], .rows = {}}};
    if (recording.test) {
      recorded_test.add(corpus->test, utterance, std::move(recorded), labels);
      if (options.copies.test) copied_test.add(copies[i], labels);
    } else {
      recorded.insert(recorded.end(), copies[i].begin(), copies[i].end());
      train.add(corpus->train, utterance, std::move(recorded), labels);
    }
  }
  if (options.string_length > 0) {
    const auto strings_of = [&](const std::vector<std::vector<size_t>>& lists, bool copied) {
      std::vector<at::Tensor> frames(lists.size());
      make_in_parallel(lists.size(), {}, [&](size_t i) {
        const Waveform together = joined(lists[i], sounds, options);
        frames[i] = copied ? copyist.copy(together, lists[i].front(), 1).features : banks.of(together);
      });
      FrameSplit split(options);
      Strings strings;
      for (size_t i = 0; i < lists.size(); ++i) {
        Utterance utterance{.name = fmt::format("string {}", i + 1), .speaker = recordings[lists[i].front()].speaker};
        for (const size_t place : lists[i]) utterance.words.push_back(place_of(recordings[place].word));
        split.add(strings.utterances, std::move(utterance),
                  {{.features = normalization.applied(frames[i], recordings[lists[i].front()].speaker), .rows = {}}},
                  at::full({frames[i].size(0)}, -1, at::kLong));
      }
      if (!lists.empty()) strings.frames = split.take();
      return strings;
    };
    corpus->test_strings = strings_of(divided_in_strings(recordings, true, options.string_length), options.copies.test);
    if (options.word_penalty.size() > 1)
      corpus->training_strings =
          strings_of(some_of(divided_in_strings(recordings, false, options.string_length)), false);
  }

  auto dataset = std::make_unique<Dataset>();
  dataset->name = name;
  dataset->scale = 1;
  dataset->notices = std::move(notices);
  for (const std::string& word : corpus->words)
    for (int64_t state = 1; state <= corpus->states; ++state)
      dataset->classes.push_back(fmt::format("{}/{}", word, state));
  for (int64_t state = 1; state <= corpus->silence_states; ++state)
    dataset->classes.push_back(fmt::format("silence/{}", state));
  dataset->train = train.take();
  dataset->test = recorded_test.take();
  corpus->recorded = frames_fingerprint(*dataset);
  if (options.copies.count > 0) dataset->train = train.take(static_cast<size_t>(options.copies.count) + 1);
  if (options.copies.test) dataset->test = copied_test.take();
  dataset->speech = std::move(corpus);
  return dataset;
}

}  // namespace limbeck
