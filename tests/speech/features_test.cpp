// Sound files, filter banks and lists of recordings: data/, tested here with what is made from them.
#include <gtest/gtest.h>
#include <sndfile.h>
#include <torch/types.h>

#include <cmath>
#include <complex>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <set>

#include "data/example_set.h"
#include "data/recordings/filter_banks.h"
#include "data/recordings/recordings.h"
#include "data/recordings/sound_file.h"
#include "data/recordings/speech.h"
#include "support/small_data.h"
#include "support/sounds.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

constexpr double kPi = std::numbers::pi;

class Sounds : public TemporaryFolder {
 protected:
  fs::path put(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder / name).parent_path());
    write_file(folder / name, bytes);
    return folder / name;
  }
  std::string refusal(const std::string& bytes) const {
    return message_of<Error>([&] { read_sound(put("s.wav", bytes)); });
  }
};

TEST_F(Sounds, AreReadAsTheMeanOfTheirChannels) {
  const Sound mono = read_sound(put("m.wav", wav({{0, 0.5F, -0.5F}}, 8000)));
  EXPECT_EQ(mono.rate, 8000);
  ASSERT_EQ(mono.samples.size(), 3);
  EXPECT_NEAR(mono.samples[1], 0.5, 1e-4);
  const Sound stereo = read_sound(put("s.wav", wav({{0.5F, 0.25F}, {-0.5F, 0.75F}}, 16000)));
  EXPECT_EQ(stereo.rate, 16000);
  EXPECT_NEAR(stereo.samples[0], 0, 1e-4);
  EXPECT_NEAR(stereo.samples[1], 0.5, 1e-4);
}

TEST_F(Sounds, ThatAreDamagedAreNamed) {
  const std::string whole = wav({tone(440, 0.1, 8000)}, 8000);
  EXPECT_NE(refusal("").find("s.wav"), std::string::npos);
  EXPECT_NE(refusal("no sound at all").find("s.wav"), std::string::npos);
  EXPECT_NE(refusal(wav({{}}, 8000)).find("no samples"), std::string::npos);
  EXPECT_NE(refusal(whole.substr(0, 20)).find("s.wav"), std::string::npos);
  EXPECT_NE(refusal(whole.substr(0, whole.size() / 2)).find("is cut off"), std::string::npos);
  EXPECT_NE(refusal(wav({tone(440, 0.1, 8000)}, 10)).find("10 Hz"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { read_sound(folder / "missing.wav"); }).find("missing.wav"), std::string::npos);
  for (size_t i = 0; i < 200; ++i) {  // whatever is in it: an error or a sound, never a crash
    std::string bytes = whole.substr(0, whole.size() - i * 7);
    bytes[(i * 13) % 44] ^= static_cast<char>(1 << (i % 8));
    try {
      for (const float sample : read_sound(put("s.wav", bytes)).samples) EXPECT_TRUE(std::isfinite(sample));
    } catch (const Error&) {
    }
  }
}

TEST_F(Sounds, ThatAreCutOffAreNamedWhateverTheFormat) {
  const std::vector<float> samples = tone(440, 0.1, 8000);
  for (const int format :
       {SF_FORMAT_WAV, SF_FORMAT_RF64, SF_FORMAT_W64, SF_FORMAT_AIFF, SF_FORMAT_AU, SF_FORMAT_CAF, SF_FORMAT_FLAC})
    for (const bool commented : {false, true}) {
      SCOPED_TRACE(fmt::format("{:x} {}", format, commented));
      SF_INFO info{};
      info.samplerate = 8000;
      info.channels = 1;
      info.format = format | SF_FORMAT_PCM_16;
      const fs::path file = folder / "sound";
      SNDFILE* written = sf_open(file.c_str(), SFM_WRITE, &info);
      ASSERT_NE(written, nullptr);
      const std::string comment(3000, 'x');
      if (commented) sf_set_string(written, SF_STR_COMMENT, comment.c_str());
      sf_writef_float(written, samples.data(), static_cast<sf_count_t>(samples.size()));
      sf_close(written);
      EXPECT_EQ(read_sound(file).samples.size(), samples.size());
      const std::string whole = read_file(file);
      if (commented && (whole.find(comment) == std::string::npos || whole.find(comment) > whole.size() / 4))
        continue;  // after the samples
      for (const size_t left : {whole.size() - 400, whole.size() - 20}) {
        const std::string refused = refusal(whole.substr(0, left));
        EXPECT_NE(refused.find("s.wav"), std::string::npos) << left;
        if (format != SF_FORMAT_FLAC) {
          EXPECT_NE(refused.find("is cut off"), std::string::npos) << refused;
        }
      }
    }
}

TEST_F(Sounds, WhoseWritersCountedOtherwiseAreRead) {
  const std::string whole = wav({tone(440, 0.1, 8000)}, 8000);
  std::string counts_head = whole, streamed = whole;
  counts_head[4] = static_cast<char>(static_cast<unsigned char>(whole[4]) + 8);
  EXPECT_EQ(read_sound(put("s.wav", counts_head)).samples.size(), 800);
  for (size_t i = 4; i < 8; ++i)
    streamed[i] = streamed[36 + i] = '\xff';  // the writer did not know how much would come
  EXPECT_EQ(read_sound(put("s.wav", streamed)).samples.size(), 800);
  EXPECT_EQ(read_sound(put("s.wav", whole + "more")).samples.size(), 800);
  std::string odd_rate = whole;
  odd_rate[28] = '\x7f';  // bytes each second, which nobody needs
  EXPECT_EQ(read_sound(put("s.wav", odd_rate)).samples.size(), 800);
  const std::string text = "a : 99999999999999999999999 (should be 5)";
  EXPECT_EQ(read_sound(put("s.wav", whole + "LIST" + std::string({'\x2e', 0, 0, 0}) + "INFOICMT" +
                                        std::string({'\x2a', 0, 0, 0}) + text + '\0'))
                .samples.size(),
            800);
}

TEST_F(Sounds, KeepTheirTonesAtAnotherRate) {
  const Sound sound{.samples = tone(440, 0.5, 16000), .rate = 16000};
  const Sound slower = resample(sound, 8000);
  const std::vector<float> wanted = tone(440, 0.5, 8000);
  ASSERT_EQ(slower.samples.size(), wanted.size());
  for (size_t i = 100; i + 100 < wanted.size(); ++i) EXPECT_NEAR(slower.samples[i], wanted[i], 2e-3) << i;
  // What the lower rate cannot carry is gone instead of coming back as another tone.
  const Sound high = resample({.samples = tone(6000, 0.5, 16000), .rate = 16000}, 8000);
  for (size_t i = 100; i + 100 < high.samples.size(); ++i) EXPECT_NEAR(high.samples[i], 0, 2e-2) << i;
}

/// The definition once more, sample by sample, with a plain Fourier sum.
std::vector<double> plain_features(const std::vector<float>& samples, size_t frame) {
  constexpr size_t kWindow = 200, kStep = 80, kTransform = 256, kBanks = 40;
  std::vector<double> x(samples.begin() + static_cast<std::ptrdiff_t>(frame * kStep),
                        samples.begin() + static_cast<std::ptrdiff_t>(frame * kStep + kWindow));
  double mean = 0;
  for (const double value : x) mean += value / kWindow;
  for (double& value : x) value -= mean;
  std::vector<double> y(kWindow);
  for (size_t i = 0; i < kWindow; ++i)
    y[i] = (x[i] - 0.97 * x[i == 0 ? 0 : i - 1]) *
           (0.54 - 0.46 * std::cos(2 * kPi * static_cast<double>(i) / (kWindow - 1)));
  const auto mel = [](double hertz) { return 1127 * std::log(1 + hertz / 700); };
  std::vector<double> features;
  for (size_t bank = 0; bank < kBanks; ++bank) {
    const double low = mel(64), high = mel(4000), left = low + (high - low) * static_cast<double>(bank) / (kBanks + 1);
    const double centre = low + (high - low) * static_cast<double>(bank + 1) / (kBanks + 1),
                 right = low + (high - low) * static_cast<double>(bank + 2) / (kBanks + 1);
    double sum = 0;
    for (size_t bin = 0; bin <= kTransform / 2; ++bin) {
      const double at = mel(static_cast<double>(bin) * 8000 / kTransform);
      if (at <= left || at >= right) continue;
      std::complex<double> spectrum = 0;
      for (size_t i = 0; i < kWindow; ++i)
        spectrum += y[i] * std::polar(1.0, -2 * kPi * static_cast<double>(bin * i) / kTransform);
      sum += (at < centre ? (at - left) / (centre - left) : (right - at) / (right - centre)) * std::norm(spectrum);
    }
    features.push_back(std::log(std::max(sum, 1e-10)));
  }
  return features;
}

TEST(FilterBanks, AreWhatTheirDefinitionSays) {
  std::vector<float> samples = tone(700, 0.2, 8000);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] += 0.1F * std::sin(static_cast<float>(i * i % 97)) + 0.05F;
  const FilterBanks banks({});
  const torch::Tensor features = banks.of(samples);
  EXPECT_EQ(features.sizes().vec(), (std::vector<int64_t>{1 + (1600 - 200) / 80, 40}));
  for (const size_t frame : {0, 5, 17}) {
    const std::vector<double> wanted = plain_features(samples, frame);
    for (size_t bank = 0; bank < wanted.size(); ++bank)
      EXPECT_NEAR(features[static_cast<int64_t>(frame)][static_cast<int64_t>(bank)].item<double>(), wanted[bank], 1e-4)
          << frame << ", " << bank;
  }
}

TEST(FilterBanks, OfSilenceAndOfShortSoundsAreFinite) {
  const FilterBanks banks({});
  EXPECT_TRUE(banks.of(std::vector<float>(3, 0.5F)).isfinite().all().item<bool>());
  EXPECT_EQ(banks.of(std::vector<float>(3, 0.5F)).size(0), 1);
  EXPECT_NEAR(banks.of(std::vector<float>(800, 0.0F)).max().item<double>(), std::log(1e-10), 1e-3);
}

TEST(FilterBanks, ThatCannotBeAreRefused) {
  EXPECT_THROW(FilterBanks({.rate = 8000, .high = 5000}), Error);
  EXPECT_THROW(FilterBanks({.rate = 8000, .banks = 200}), Error);
}

class RecordingLists : public Sounds {
 protected:
  void make(const std::vector<std::string>& names) const {
    for (const std::string& name : names) put(name, wav({tone(300, 0.1, 8000)}, 8000));
  }
  RecordingsOptions options() const {
    RecordingsOptions options;
    options.folder = folder.string();
    return options;
  }
  std::vector<std::string> notices;
  std::string refused(const RecordingsOptions& options) const {
    return message_of<Error>([&] {
      std::vector<std::string> ignored;
      list_recordings(options, ignored);
    });
  }
};

TEST_F(RecordingLists, ComeFromNames) {
  make({"yes_ann_0.wav", "yes_ann_7.wav", "no_ann_0.wav", "no_bob_12.wav", "readme.txt"});
  RecordingsOptions by_index = options();
  by_index.test_below = 5;
  const std::vector<Recording> all = list_recordings(by_index, notices);
  ASSERT_EQ(all.size(), 4);
  EXPECT_EQ(all[0].word, "no");
  EXPECT_EQ(all[0].speaker, "ann");
  EXPECT_TRUE(all[0].test);
  EXPECT_EQ(all[1].index, 12);
  ASSERT_EQ(notices.size(), 1);
  EXPECT_NE(notices[0].find("1 files"), std::string::npos);
  EXPECT_FALSE(all[1].test);
}

TEST_F(RecordingLists, HoldASpeakerOut) {
  make({"yes_ann_0.wav", "no_ann_1.wav", "yes_bob_2.wav", "no_bob_3.wav"});
  RecordingsOptions by_speaker = options();
  by_speaker.held_out = "bob";
  for (const Recording& recording : list_recordings(by_speaker, notices))
    EXPECT_EQ(recording.test, recording.speaker == "bob");
  by_speaker.held_out = "bobb";
  EXPECT_NE(refused(by_speaker).find("did you mean 'bob'"), std::string::npos);
}

TEST_F(RecordingLists, AreDividedByHashWhereNothingElseDoes) {
  for (int i = 0; i < 20; ++i) make({fmt::format("yes_ann_{}.wav", i), fmt::format("no_ann_{}.wav", i)});
  std::map<std::string, int> tested;
  for (const Recording& recording : list_recordings(options(), notices)) tested[recording.word] += recording.test;
  EXPECT_EQ(tested, (std::map<std::string, int>{{"no", 2}, {"yes", 2}}));
}

TEST_F(RecordingLists, ComeFromACsvFile) {
  make({"a/1.wav", "a/2.wav", "a/3.wav"});
  RecordingsOptions by_csv = options();
  by_csv.csv =
      put("list.csv", "split,file,word\ntrain,a/1.wav,\"left, right\"\ntrain,a/3.wav,up\ntest,a/2.wav,up\n").string();
  const std::vector<Recording> all = list_recordings(by_csv, notices);
  ASSERT_EQ(all.size(), 3);
  EXPECT_EQ(all[0].word, "left, right");
  EXPECT_TRUE(all[1].test);
  by_csv.test_below = 5;  // the file's own split decides
  EXPECT_TRUE(list_recordings(by_csv, notices)[1].test);
  by_csv.csv = put("bad.csv",
                   "\xEF\xBB\xBF"
                   "file,word\na/1.wav,up\na/1.wav,down\n")
                   .string();
  EXPECT_NE(refused(by_csv).find("line 3: '"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word\na/9.wav,up\n").string();
  EXPECT_NE(refused(by_csv).find("line 2: there is no file"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,split\na/1.wav,train\n").string();
  EXPECT_NE(refused(by_csv).find("no column 'word'"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word\na/1.wav\n").string();
  EXPECT_NE(refused(by_csv).find("1 fields"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word,split\na/1.wav,up,tset\n").string();
  EXPECT_NE(refused(by_csv).find("'tset'"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word\na/1.wav,up\na/../a/1.wav,down\n").string();
  EXPECT_NE(refused(by_csv).find("listed twice"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word\n,up\n").string();
  EXPECT_NE(refused(by_csv).find("line 2: no file"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word,speeker\na/1.wav,up,ann\n").string();
  EXPECT_NE(refused(by_csv).find("did you mean 'speaker'"), std::string::npos);
  by_csv.csv = put("bad.csv", "file,word,word\na/1.wav,up,down\n").string();
  EXPECT_NE(refused(by_csv).find("two columns 'word'"), std::string::npos);
  by_csv.csv = put("good.csv",
                   "file, word ,seconds,split\na/1.wav, up,0.1,train\na/2.wav,up ,0.1,test\na/3.wav,down,0.1,train\n")
                   .string();
  const std::vector<Recording> trimmed = list_recordings(by_csv, notices);
  EXPECT_EQ(trimmed[0].word, "up");
  EXPECT_EQ(trimmed[1].word, "up");
}

TEST_F(RecordingLists, ThatMakeNoSenseAreRefused) {
  EXPECT_NE(refused(options()).find("no recordings"), std::string::npos);
  make({"track 1.wav"});
  EXPECT_NE(refused(options()).find("there is 'track 1.wav'"), std::string::npos);
  make({"yes_ann_0.wav", "yes_ann_7.wav"});
  EXPECT_NE(refused(options()).find("only word"), std::string::npos);
  make({"no_ann_1.wav"});
  RecordingsOptions by_index = options();
  by_index.test_below = 5;  // of "no" there is only a test recording
  EXPECT_NE(refused(by_index).find("'no' is said in test recordings"), std::string::npos);
  by_index.test_below = 100;
  EXPECT_NE(refused(by_index).find("all recordings are in the test split"), std::string::npos);
  by_index.pattern = "{speaker}.wav";
  EXPECT_NE(refused(by_index).find("no {word}"), std::string::npos);
  by_index.pattern = "{word}_{speeker}.wav";
  EXPECT_NE(refused(by_index).find("{speeker}"), std::string::npos);
  make({"silence_ann_1.wav"});
  EXPECT_NE(refused(options()).find("'silence' has the name of what is between words"), std::string::npos);
  std::filesystem::remove(folder / "silence_ann_1.wav");
  make({"l\xf6w_ann_1.wav"});
  EXPECT_NE(refused(options()).find("not written in UTF-8"), std::string::npos);
}

class SpeechData : public RecordingLists {
 protected:
  SpeechOptions speech() const {
    SpeechOptions options;
    options.folder = folder.string();
    options.test_below = 2;
    options.states = 3;
    options.before = 2;
    options.after = 1;
    options.string_length = 2;
    return options;
  }
  void SetUp() override {
    RecordingLists::SetUp();
    for (int i = 0; i < 5; ++i)
      for (const char* speaker : {"ann", "bob"}) {
        put(fmt::format("low_{}_{}.wav", speaker, i), wav({tone(300 + i, 0.3 + 0.01 * i, 8000)}, 8000));
        put(fmt::format("high_{}_{}.wav", speaker, i), wav({tone(2000 + i, 0.3, 8000)}, 8000));
      }
  }
};

TEST_F(SpeechData, HasFramesWithTheirContext) {
  const auto data = load_speech(speech(), "test", DataFolders());
  EXPECT_EQ(data->input_shape(), (std::vector<int64_t>{4, 40}));
  EXPECT_EQ(data->classes,
            (std::vector<std::string>{"high/1", "high/2", "high/3", "low/1", "low/2", "low/3", "silence/1"}));
  const SpeechCorpus& corpus = *data->speech;
  EXPECT_EQ(corpus.train.size(), 12);
  EXPECT_EQ(corpus.test.size(), 8);
  const ExampleSet train(data->train, "train", *data);
  const Utterance& second = corpus.train[1];
  const auto row = [&](int64_t frame) { return data->train.inputs[frame]; };
  const torch::Tensor inputs =
      train.batch(torch::tensor({second.begin, second.begin + 2, second.begin + second.frames - 1}, torch::kInt64))
          .inputs;
  EXPECT_TRUE(
      inputs[0].equal(torch::stack({row(second.begin), row(second.begin), row(second.begin), row(second.begin + 1)})));
  EXPECT_TRUE(inputs[1].equal(
      torch::stack({row(second.begin), row(second.begin + 1), row(second.begin + 2), row(second.begin + 3)})));
  const int64_t last = second.begin + second.frames - 1;
  EXPECT_TRUE(inputs[2].equal(torch::stack({row(last - 2), row(last - 1), row(last), row(last)})));
}

TEST_F(SpeechData, BeginsWithEvenLabels) {
  const auto data = load_speech(speech(), "test", DataFolders());
  const Utterance& first = data->speech->train.front();
  const torch::Tensor labels = data->train.labels.narrow(0, first.begin, first.frames);
  EXPECT_EQ(labels[0].item<int64_t>(), 6);
  EXPECT_EQ(labels[first.frames - 1].item<int64_t>(), 6);
  const int64_t begin = first.words[0] * 3;
  for (int64_t state = begin; state < begin + 3; ++state)
    EXPECT_NEAR(labels.eq(state).sum().item<double>(), (first.frames - 30) / 3.0, 1.01);
}

TEST_F(SpeechData, IsNormalisedBySpeaker) {
  const auto is_normal = [](const torch::Tensor& rows) {
    return rows.mean(0).allclose(torch::zeros({40}), 0, 1e-3) && rows.std(0).allclose(torch::ones({40}), 0, 1e-2);
  };
  const torch::Tensor train = load_speech(speech(), "test", DataFolders())->train.inputs;
  EXPECT_TRUE(is_normal(train));
  SpeechOptions apart = speech();
  apart.held_out = "bob";  // of whom nothing is heard in training
  EXPECT_TRUE(is_normal(load_speech(apart, "test", DataFolders())->test.inputs));
  put("low_ann_0.wav", wav({tone(1000, 0.3, 8000)}, 8000));  // a test recording
  EXPECT_TRUE(load_speech(speech(), "test", DataFolders())->train.inputs.equal(train))
      << "test recordings take part in training";
}

TEST_F(SpeechData, JoinsEachTestRecordingOnce) {
  const auto data = load_speech(speech(), "test", DataFolders());
  EXPECT_EQ(data->speech->test_strings.utterances.size(), 4);
  int64_t words = 0, frames = 0;
  for (const Utterance& utterance : data->speech->test_strings.utterances)
    words += static_cast<int64_t>(utterance.words.size());
  for (const Utterance& utterance : data->speech->test) frames += utterance.frames;
  EXPECT_EQ(words, 8);
  EXPECT_LT(data->speech->test_strings.frames.size(), frames);  // pauses are shorter than two margins
  EXPECT_TRUE(load_speech(speech(), "test", DataFolders())
                  ->speech->test_strings.frames.inputs.equal(data->speech->test_strings.frames.inputs));
}

TEST_F(SpeechData, JoinsTrainingRecordingsWhereAPenaltyIsChosen) {
  const auto said = [](const std::vector<Utterance>& utterances) {
    std::multiset<std::pair<std::string, int64_t>> words;
    for (const Utterance& utterance : utterances)
      for (const int64_t word : utterance.words) words.emplace(utterance.speaker, word);
    return words;
  };
  SpeechOptions options = speech();
  const auto data = load_speech(options, "test", DataFolders());
  EXPECT_EQ(data->speech->training_strings.utterances.size(), 6);
  EXPECT_EQ(said(data->speech->training_strings.utterances), said(data->speech->train));
  const std::string fingerprint = data->speech->fingerprint();
  options.word_penalty = {-5};
  const auto fixed = load_speech(options, "test", DataFolders());
  EXPECT_TRUE(fixed->speech->training_strings.utterances.empty());
  EXPECT_NE(fixed->speech->fingerprint(), fingerprint);
}

TEST_F(SpeechData, KeepsRecordingsWholeWhereAPartIsChosen) {
  const auto data = load_speech(speech(), "test", DataFolders());
  const auto whole = [&](const ExampleSet& examples) {
    int64_t recordings = 0;
    for (const Utterance& utterance : data->speech->train) {
      const int64_t there = examples.ids()
                                .ge(utterance.begin)
                                .logical_and(examples.ids().lt(utterance.begin + utterance.frames))
                                .sum()
                                .item<int64_t>();
      EXPECT_TRUE(there == 0 || there == utterance.frames) << utterance.name;
      recordings += there > 0;
    }
    return recordings;
  };
  const TrainingSplit split = hold_out(*data, 50, 1);
  EXPECT_EQ(whole(split.validation), 1);
  EXPECT_EQ(whole(split.train), 11);
  const ExampleSet half = choose_examples(ExampleSet(data->train, "train", *data), {.fraction = 0.5}, *data, 1);
  EXPECT_EQ(whole(half), 6);
  EXPECT_EQ(half.labels().lt(3).sum().item<int64_t>() > 0, half.labels().lt(6).sum().item<int64_t>() > 0);
  EXPECT_THROW(hold_out(*data, data->train.size() - 5, 1), Error);
}

TEST_F(SpeechData, NamesRecordingsThatCannotBeRead) {
  put("low_ann_3.wav", "nothing");
  put("high_bob_4.wav", "");
  const std::string message = message_of<Error>([&] { load_speech(speech(), "test", DataFolders()); });
  EXPECT_NE(message.find("low_ann_3.wav"), std::string::npos);
  EXPECT_NE(message.find("high_bob_4.wav"), std::string::npos);
}

TEST(SpokenDigits, TheRealOnesHaveTheirPublishedNumbers) {
  const bool there = std::getenv("LIMBECK_DATA") != nullptr &&
                     DataFolders().find({"free-spoken-digit-dataset/recordings/0_jackson_0.wav"});
  if (!there) GTEST_SKIP() << "LIMBECK_DATA has no spoken digits";
  const DataFolders folders;
  const auto digits = choose(Slot::data, "spoken_digits").make<Dataset, const DataFolders&>(folders);
  const SpeechCorpus& corpus = *digits->speech;
  EXPECT_EQ(corpus.train.size(), 2700);
  EXPECT_EQ(corpus.test.size(), 300);
  EXPECT_EQ(corpus.test_strings.utterances.size(), 60);
  EXPECT_EQ(corpus.words, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(digits->input_shape(), (std::vector<int64_t>{26, 40}));
  EXPECT_TRUE(digits->train.inputs.isfinite().all().item<bool>());
  const auto held_out =
      choose(Slot::data, "{spoken_digits: {held_out: jackson}}").make<Dataset, const DataFolders&>(folders);
  EXPECT_EQ(held_out->speech->test.size(), 500);
}

}  // namespace
}  // namespace limbeck
