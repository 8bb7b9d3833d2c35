// Augmentation of waveforms, augmented copies of recordings, and the examples that are drawn from them.
#include <ATen/ops/_unique.h>
#include <ATen/ops/fft_rfft.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "data/example_set.h"
#include "data/recordings/augmented_copies.h"
#include "data/recordings/speech.h"
#include "data/recordings/waveforms.h"
#include "support/small_data.h"
#include "support/sounds.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

Waveform sine(double hertz, size_t count) {
  return tone(hertz, static_cast<double>(count) / 8000, 8000);
}

Random random_of(uint32_t id) {
  return Random({.purpose = Purpose::copies, .id = id});
}

/// Power between two frequencies, in parts of the rate.
double power_between(const Waveform& samples, double low, double high) {
  const torch::Tensor signal =
      torch::from_blob(const_cast<float*>(samples.data()), {static_cast<int64_t>(samples.size())}, torch::kFloat32)
          .to(torch::kFloat64);
  const torch::Tensor power = at::fft_rfft(signal).abs().square();
  const auto at = [&](double part) { return static_cast<int64_t>(part * static_cast<double>(samples.size())); };
  return power.slice(0, at(low), at(high)).sum().item<double>();
}

double decibels(double ratio) {
  return 10 * std::log10(ratio);
}

TEST(Waveforms, PinkNoiseHasEqualPowerInEachOctave) {
  Random random = random_of(1);
  const Waveform pink = pink_noise(60000, random), white = white_noise(60000, random);
  EXPECT_NEAR(power_of(pink), 1, 1e-4);
  EXPECT_NEAR(power_of(white), 1, 0.03);
  for (const double low : {0.01, 0.03, 0.1, 0.2}) {
    EXPECT_NEAR(decibels(power_between(pink, low, 2 * low) / power_between(pink, low / 2, low)), 0, 0.5) << low;
    EXPECT_NEAR(decibels(power_between(white, low, 2 * low) / power_between(white, low / 2, low)), 3, 0.5) << low;
  }
}

TEST(Waveforms, NoiseIsAddedAtItsRatio) {
  Random random = random_of(2);
  const Waveform sound = sine(440, 8000);
  for (const double ratio : {-5.0, 0.0, 20.0}) {
    Waveform noisy = sound;
    add_at_ratio(noisy, white_noise(8000, random), power_of(sound), ratio);
    std::transform(noisy.begin(), noisy.end(), sound.begin(), noisy.begin(), std::minus<>());
    EXPECT_NEAR(decibels(power_of(sound) / power_of(noisy)), ratio, 0.01);
  }
  Waveform silent = sound;
  add_at_ratio(silent, Waveform(8000), power_of(sound), 0);
  EXPECT_EQ(silent, sound);
  EXPECT_THROW(add_at_ratio(silent, Waveform(7), 1, 0), Error);
}

TEST(Waveforms, BabbleIsAllItsVoices) {
  Random random = random_of(3);
  const Waveform low = sine(300, 900), high = sine(1200, 1100), silence(500);
  const Waveform both = babble(16000, {&low, &silence, &high}, random);
  EXPECT_NEAR(power_of(both), 1, 1e-4);
  const auto part = [&](double hertz) { return power_between(both, (hertz - 60) / 8000, (hertz + 60) / 8000); };
  EXPECT_NEAR(decibels(part(300) / part(1200)), 0, 1);
  EXPECT_NEAR(power_of(babble(16000, {&silence}, random)), 1, 0.05);  // there is nothing but noise
}

TEST(Waveforms, EchoesFallBySixtyDecibelsInTheirTime) {
  Random random = random_of(4);
  Waveform click(8000);
  click[100] = 1;
  const Waveform heard = reverberated(click, 8000, 0.5, random);
  ASSERT_EQ(heard.size(), click.size());
  EXPECT_NEAR(power_of(heard), power_of(click), 1e-9);
  const auto around = [&](double seconds) {
    const auto middle = static_cast<std::ptrdiff_t>(100 + seconds * 8000);
    return power_of({heard.begin() + middle - 200, heard.begin() + middle + 200});
  };
  EXPECT_NEAR(decibels(around(0.05) / around(0.25)), 60 * 0.2 / 0.5, 2);
  EXPECT_NEAR(decibels(around(0.1) / around(0.4)), 60 * 0.3 / 0.5, 2);
  const double direct = static_cast<double>(heard[100]) * static_cast<double>(heard[100]);
  EXPECT_NEAR(decibels(direct / (power_of(heard) * 8000 - direct)), 0, 1);
  EXPECT_LT(*std::max_element(heard.begin(), heard.begin() + 100), 1e-5F);  // nothing is heard before
  EXPECT_EQ(reverberated(click, 8000, 0.004, random), click);
}

class Copies : public ::testing::Test {
 protected:
  /// The copy of a recording that is changed for certain.
  CopiedFrames copy(const Waveform& samples, const CopyOptions& options, int64_t number = 1) {
    sounds = {{.samples = samples, .rate = 8000}, {.samples = sine(700, 2000), .rate = 8000}};
    recordings = {{.file = "a", .word = "a", .speaker = "ann"}, {.file = "b", .word = "b", .speaker = "bob"}};
    return Copyist(options, recordings, sounds, banks).copy(samples, 0, number);
  }
  /// Nothing is changed but what a test asks for.
  static CopyOptions options() {
    return {.count = 1,
            .test = false,
            .share = 1,
            .speed = 0,
            .pitch = 0,
            .reverberation = {0, 0},
            .noise = NoiseKind::none,
            .snr = {100, 100}};
  }
  static int64_t loudest_bank(const torch::Tensor& features) { return features.mean(0).argmax().item<int64_t>(); }

  FilterBanks banks{FilterBankOptions{}};
  std::vector<Recording> recordings;
  std::vector<Sound> sounds;
};

TEST_F(Copies, WithoutChangesAreTheRecording) {
  const Waveform samples = sine(500, 5000);
  const CopiedFrames frames = copy(samples, options());
  EXPECT_TRUE(frames.features.equal(banks.of(samples)));
  EXPECT_TRUE(frames.rows.equal(torch::arange(frames.features.size(0))));
  CopyOptions never = options();
  never.share = 0;
  never.speed = 0.5;
  never.noise = NoiseKind::white;
  EXPECT_TRUE(copy(samples, never).features.equal(banks.of(samples)));
}

TEST_F(Copies, PlayedFasterAreShorterAndHigher) {
  CopyOptions changed = options();
  changed.speed = 0.3;
  const Waveform samples = sine(1000, 16000);
  const int64_t frames = banks.frames(16000), bank = loudest_bank(banks.of(samples));
  bool faster = false, slower = false;
  for (int64_t number = 1; number <= 12; ++number) {
    const CopiedFrames other = copy(samples, changed, number);
    const int64_t count = other.features.size(0);
    ASSERT_EQ(other.rows.size(0), frames);
    EXPECT_EQ(other.rows[0].item<int64_t>(), 0);
    EXPECT_NEAR(static_cast<double>(other.rows[frames - 1].item<int64_t>()), static_cast<double>(count - 1), 2);
    EXPECT_TRUE(other.rows.diff().ge(0).all().item<bool>());
    if (std::abs(count - frames) < frames / 10) continue;
    (count < frames ? faster : slower) = true;
    EXPECT_EQ(loudest_bank(other.features) > bank, count < frames) << number;
    EXPECT_EQ(loudest_bank(other.features) < bank, count > frames) << number;
  }
  EXPECT_TRUE(faster && slower);
}

TEST_F(Copies, OfAnotherPitchKeepTheirTempo) {
  CopyOptions changed = options();
  changed.pitch = 6;
  const Waveform samples = sine(1000, 16000);
  const int64_t frames = banks.frames(16000), bank = loudest_bank(banks.of(samples));
  int64_t lowest = bank, highest = bank;
  for (int64_t number = 1; number <= 12; ++number) {
    const CopiedFrames other = copy(samples, changed, number);
    EXPECT_NEAR(static_cast<double>(other.features.size(0)), static_cast<double>(frames), 4);
    EXPECT_LE((other.rows - torch::arange(frames)).abs().max().item<int64_t>(), 3);
    lowest = std::min(lowest, loudest_bank(other.features));
    highest = std::max(highest, loudest_bank(other.features));
  }
  EXPECT_LT(lowest, bank);
  EXPECT_GT(highest, bank);
}

TEST_F(Copies, ShowEachFrameAtTheTimeToWhichItMoved) {
  CopyOptions changed = options();
  changed.speed = 0.2;
  changed.pitch = 3;
  Waveform samples(16000, 0.0F);
  for (size_t i = 9600; i < 9800; ++i) samples[i] = 1;  // a knock
  const int64_t knock = banks.of(samples).sum(1).argmax().item<int64_t>();
  for (int64_t number = 1; number <= 8; ++number) {
    const CopiedFrames other = copy(samples, changed, number);
    EXPECT_NEAR(static_cast<double>(other.rows[knock].item<int64_t>()),
                static_cast<double>(other.features.sum(1).argmax().item<int64_t>()), 3.5)
        << number;
  }
}

TEST_F(Copies, AreNoisyAsWanted) {
  const Waveform samples = sine(1000, 16000);
  for (const NoiseKind kind : {NoiseKind::white, NoiseKind::pink, NoiseKind::babble, NoiseKind::any}) {
    CopyOptions changed = options();
    changed.noise = kind;
    changed.snr = {0, 0};
    const torch::Tensor clean = copy(samples, options()).features, noisy = copy(samples, changed).features;
    EXPECT_GT((noisy - clean).abs().max().item<double>(), 1);
    changed.snr = {60, 60};
    EXPECT_LT((copy(samples, changed).features - noisy).mean().item<double>(), -1);
    EXPECT_TRUE(copy(samples, changed, 3).features.equal(copy(samples, changed, 3).features));
    EXPECT_FALSE(copy(samples, changed, 3).features.equal(copy(samples, changed, 4).features));
  }
}

/// Recordings of two words by two speakers.
class CopiedData : public TemporaryFolder {
 protected:
  void SetUp() override {
    for (int i = 0; i < 4; ++i)
      for (const char* speaker : {"ann", "bob"}) {
        put(fmt::format("low_{}_{}.wav", speaker, i), sine(300 + i, 2400));
        put(fmt::format("high_{}_{}.wav", speaker, i), sine(1500 + i, 2800));
      }
  }
  void put(const std::string& name, const Waveform& samples) const { write_file(folder / name, wav({samples}, 8000)); }
  std::unique_ptr<Dataset> load(const std::string& copies) const {
    return choose(Slot::data,
                  fmt::format("{{recordings: {{folder: '{}', test_below: 1, before: 2, after: 1, states: 3, "
                              "string_length: 2{}}}}}",
                              folder.string(), copies))
        .make<Dataset, const DataFolders&>(DataFolders());
  }
};

Augmenter drawing(const std::string& yaml) {
  return Augmenter({choose(Slot::augmentation, yaml)});
}

TEST_F(CopiedData, HasTheRecordingsWhereNoCopyIsChosen) {
  const auto plain = load(""), copied = load(", copies: {count: 2}");
  EXPECT_FALSE(plain->train.context.row.defined());
  EXPECT_EQ(copied->train.context.versions, 3);
  EXPECT_TRUE(copied->test.inputs.equal(plain->test.inputs));
  EXPECT_EQ(copied->input_shape(), plain->input_shape());
  EXPECT_EQ(copied->speech->recorded, plain->speech->recorded);
  EXPECT_NE(copied->fingerprint(), plain->fingerprint());
  const ExampleSet recorded(plain->train, "train", *plain), some(copied->train, "train", *copied);
  EXPECT_EQ(some.split_size(), recorded.split_size());
  EXPECT_NE(some.fingerprint(), recorded.fingerprint());
  const torch::Tensor all = torch::arange(some.size());
  EXPECT_TRUE(some.batch(all).inputs.equal(recorded.batch(all).inputs));
  const Augmenter augmenter = drawing("{copies: 2}");
  EXPECT_TRUE(some.batch(all, augmenter, torch::zeros_like(all)).inputs.equal(recorded.batch(all).inputs));
  EXPECT_TRUE(some.groups().equal(recorded.groups()));
}

TEST_F(CopiedData, ShowsAFrameAmongThoseOfOneCopy) {
  const auto data = load(", copies: {count: 2, share: 1, speed: 0.3}");
  const RowContext& context = data->train.context;
  const int64_t examples = data->train.size();
  const ExampleSet train(data->train, "train", *data);
  const Augmenter augmenter = drawing("{copies: 2}");
  bool moved = false;
  for (int64_t version = 1; version <= 2; ++version)
    for (const int64_t id : {int64_t{0}, int64_t{40}, examples / 2, examples - 1}) {
      const torch::Tensor shown = train.batch(torch::tensor({id}), augmenter, torch::tensor({version})).inputs[0];
      const int64_t slot = version * examples + id, row = context.row[slot].item<int64_t>();
      const auto first = context.first[slot].item<int64_t>(), last = context.last[slot].item<int64_t>();
      ASSERT_TRUE(first <= row && row <= last);
      moved = moved || row - first != id - context.first[id].item<int64_t>();
      for (int64_t i = 0; i < 4; ++i)
        EXPECT_TRUE(shown[i].equal(data->train.inputs[std::clamp(row + i - 2, first, last)]));
    }
  EXPECT_TRUE(moved) << "no copy has another speed";
}

TEST_F(CopiedData, DrawsEachCopyBesideOtherAugmentations) {
  const auto data = load(", copies: {count: 2, share: 1}");
  const ExampleSet train(data->train, "train", *data);
  const Augmenter augmenter(
      {choose(Slot::augmentation, "{spec_augment: {bands: 0, frames: 0}}"), choose(Slot::augmentation, "{copies: 2}")});
  const Augmenter alone = drawing("{copies: 2}");
  const torch::Tensor ids = torch::arange(60), views = augmenter.draw(ids, 1, 0);
  const torch::Tensor versions = augmenter.versions_of(views);
  EXPECT_EQ(std::get<0>(at::_unique(versions)).size(0), 3);
  EXPECT_TRUE(train.batch(ids, augmenter, views).inputs.equal(train.batch(ids, alone, versions).inputs));
  EXPECT_FALSE(drawing("{spec_augment: {}}").versions_of(views).defined());
}

TEST_F(CopiedData, RefusesToDrawMoreThanThereAre) {
  const auto data = load(", copies: {count: 2}");
  const ExampleSet train(data->train, "train", *data), test(data->test, "test", *data);
  EXPECT_NO_THROW(train.require(drawing("{copies: 2}")));
  EXPECT_NE(message_of<Error>([&] {
              train.require(drawing("{copies: 3}"));
            }).find("draws from 3 copies of each recording, and the data set has 2"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { train.require(drawing("{flip: true}")); }).find("is for images"),
            std::string::npos);
}

TEST_F(CopiedData, CanBeTestedInNoise) {
  const auto plain = load(""), noisy = load(", copies: {test: true, share: 1, speed: 0.2, snr: [0, 0]}");
  EXPECT_TRUE(noisy->train.inputs.equal(plain->train.inputs));
  EXPECT_EQ(noisy->test.size(), plain->test.size());
  EXPECT_TRUE(noisy->test.labels.equal(plain->test.labels));
  EXPECT_EQ(noisy->speech->recorded, plain->speech->recorded);
  const torch::Tensor all = torch::arange(plain->test.size());
  const torch::Tensor difference = ExampleSet(noisy->test, "test", *noisy).batch(all).inputs -
                                   ExampleSet(plain->test, "test", *plain).batch(all).inputs;
  EXPECT_GT(difference.abs().mean().item<double>(), 0.3);
  EXPECT_FALSE(noisy->speech->test_strings.frames.inputs.equal(plain->speech->test_strings.frames.inputs));
}

}  // namespace
}  // namespace limbeck
