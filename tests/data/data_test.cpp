#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <torch/types.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <set>

#include "data/example_set.h"
#include "data/published/gzip.h"
#include "data/published/idx.h"
#include "support/simulated_device.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

class Idx : public TemporaryFolder {
 protected:
  Idx() { write_idx(file, {{2, 3}, "abcdef"}); }
  std::string problem(const std::string& content) {
    write_file(file, content);
    return message_of<Error>([&] { read_idx(file, 2); });
  }
  std::string plain() { return std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\x03", 12) + "abcdef"; }

  fs::path file = folder / "a-idx2-ubyte.gz";
};

TEST_F(Idx, ComesBackAsItWasPackedAndUnpacked) {
  EXPECT_EQ(read_idx(file, 2).bytes, "abcdef");
  write_file(file, plain());
  EXPECT_EQ(read_idx(file, 2).shape, (std::vector<int64_t>{2, 3}));
}

TEST_F(Idx, EveryTruncationIsAnErrorThatNamesTheFile) {
  const std::string packed = read_file(file), unpacked = plain();
  for (const std::string& whole : {packed, unpacked})
    for (size_t size = 0; size < whole.size(); ++size)
      EXPECT_NE(problem(whole.substr(0, size)).find(file.string()), std::string::npos) << size;
}

TEST_F(Idx, EveryFlippedBitOfTheCompressedFileIsAnError) {
  const std::string packed = read_file(file);
  for (size_t i = 10; i < packed.size(); ++i) {  // the first ten bytes hold a time, a system and flags of gzip
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_NE(problem(damaged), "") << "byte " << i;
  }
}

TEST_F(Idx, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(problem(""), fmt::format("'{}' is empty; expected an IDX file", file.string()));
  EXPECT_NE(problem(plain() + "xy").find("2 more follow at offset 18"), std::string::npos);
  EXPECT_NE(problem("\x89PNG\r\n\x1a\n........").find("wrong magic number 89 50 4e 47 at offset 0"), std::string::npos);
  EXPECT_NE(problem(std::string("\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", 12)).find("at offset 4"),
            std::string::npos);
  write_file(file, plain());
  EXPECT_NE(message_of<Error>([&] { read_idx(file, 3); }).find("expected 00 00 08 03"), std::string::npos);
}

TEST_F(Idx, NoMoreIsUnpackedThanTheHeaderSays) {
  constexpr size_t kBomb = size_t{512} << 20;
  write_gzip(file, std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\x03", 12) + std::string(kBomb, '\0'));
  ASSERT_LT(fs::file_size(file), kBomb / 100);
  const auto peak = [] {
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<size_t>(usage.ru_maxrss) * 1024;
  };
  // The peak so far is that of making the file; a child begins with what is left.
  const pid_t child = ::fork();
  if (child == 0) {
    const size_t before = peak();
    try {
      read_idx(file, 2);
      ::_exit(1);
    } catch (const Error& error) {
      const bool told = std::string(error.what()).find("its header promises 18 bytes, at least 1048576 more follow") !=
                        std::string::npos;
      ::_exit(!told ? 2 : peak() - before > kBomb / 4 ? 3 : 0);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: no error, 2: another error, 3: too much memory";
}

class Mnist : public TemporaryFolder {
 protected:
  void write(const std::string& prefix, int64_t images, const std::string& labels) {
    write_idx(folder / "mnist" / (prefix + "-images-idx3-ubyte.gz"),
              {{images, 4, 4}, std::string(static_cast<size_t>(images) * 16, 'x')});
    write_idx(folder / "mnist" / (prefix + "-labels-idx1-ubyte.gz"), {{static_cast<int64_t>(labels.size())}, labels});
  }
  std::string problem() {
    return message_of<Error>(
        [&] { choose(Slot::data, "mnist").make<Dataset, const DataFolders&>(DataFolders(folder)); });
  }
};

TEST_F(Mnist, LabelsOutOfRangeAndCountsThatDifferAreErrors) {
  write("train", 2, std::string("\1\2", 2));
  write("t10k", 2, std::string("\1\x0a", 2));
  EXPECT_NE(problem().find("holds the label 10 at offset 9; expected 0 to 9"), std::string::npos);
  write("t10k", 2, std::string("\1\2\3", 3));
  EXPECT_NE(problem().find("holds 2 images"), std::string::npos);
}

TEST_F(Mnist, TheRealOneHasItsPublishedSizes) {
  const char* data = std::getenv("LIMBECK_DATA");
  if (data == nullptr || !DataFolders().find({"mnist/train-images-idx3-ubyte.gz"}))
    GTEST_SKIP() << "LIMBECK_DATA has no MNIST";
  const auto mnist = choose(Slot::data, "mnist").make<Dataset, const DataFolders&>(DataFolders());
  EXPECT_EQ(mnist->train.size(), 60000);
  EXPECT_EQ(mnist->test.size(), 10000);
  EXPECT_EQ(mnist->input_shape(), (std::vector<int64_t>{1, 28, 28}));
  EXPECT_EQ(mnist->test.labels.eq(3).sum().item<int64_t>(), 1010);  // the paper's count of threes
}

TEST(DataFolders, AMissingChosenFolderIsAnError) {
  EXPECT_NE(message_of<Error>([] { DataFolders folders("/nowhere/at/all"); }).find("does not exist"),
            std::string::npos);
}

TEST(ExampleSet, OrderIsAPermutationThatDependsOnSeedAndEpochAlone) {
  const auto digits = small_digits();
  const ExampleSet all(digits->train, "train", *digits);
  const torch::Tensor order = all.order(1, 0);
  EXPECT_TRUE(std::get<0>(order.sort()).equal(torch::arange(300)));
  EXPECT_TRUE(order.equal(all.order(1, 0)));
  EXPECT_FALSE(order.equal(all.order(1, 1)));
  EXPECT_FALSE(order.equal(all.order(2, 0)));
}

TEST(ExampleSet, BatchesCarryIdsAndScaledPixels) {
  const auto digits = small_digits();
  const ExampleSet all(digits->train, "train", *digits);
  const Batch batch = all.batch(torch::tensor({7, 3}));
  EXPECT_TRUE(batch.ids.equal(torch::tensor({7, 3})));
  EXPECT_TRUE(batch.inputs[1].allclose(digits->train.inputs[3].to(torch::kFloat32) / 255));
  EXPECT_TRUE(batch.views.equal(torch::zeros({2}, torch::kInt64)));
}

TEST(ExampleSet, BringsFewLargeExamplesToFloatsTogether) {
  const auto digits = small_digits();
  EXPECT_EQ(ExampleSet(digits->train, "train", *digits).at_once(), 1000);
  EXPECT_EQ(ExampleSet(digits->train, "train", *digits).at_once(500), 500);
  const Split pictures{.inputs = torch::zeros({3, 3, 600, 600}, torch::kUInt8),
                       .labels = torch::zeros({3}, torch::kInt64)};
  const std::vector<torch::Tensor> parts = ExampleSet(pictures, "train", *digits).parts();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_TRUE(parts[1].equal(torch::tensor({2})));
  Split frames{.inputs = torch::zeros({5, 4000}), .labels = torch::zeros({5}, torch::kInt64)};
  frames.context = {.before = 9, .first = torch::zeros({5}, torch::kInt32), .last = torch::full({5}, 4, torch::kInt32)};
  EXPECT_EQ(ExampleSet(frames, "train", *digits).at_once(), 76);
}

TEST(ExampleSet, LiesOnADeviceOnceForAllThatUseIt) {
  simulated_device::use();
  const auto digits = small_digits();
  const ExampleSet train(digits->train, "train", *digits);
  const auto writes_to_move = [&](const ExampleSet& examples, std::optional<ExampleSet>& moved) {
    return simulated_device::count([&] { moved = examples.to(simulated_device::device()); }).host_writes;
  };
  std::optional<ExampleSet> one, other, again;
  EXPECT_EQ(writes_to_move(train, one), 3);  // inputs, ids, labels
  EXPECT_EQ(writes_to_move(train.select(torch::arange(5), "few"), other), 2);
  one.reset();
  EXPECT_EQ(writes_to_move(train, one), 2);  // the other has them still
  one.reset();
  other.reset();
  EXPECT_EQ(writes_to_move(train, again), 3);  // they had been released
  const ExampleSet test(digits->test, "test", *digits);
  EXPECT_EQ(writes_to_move(test, other), 3);
  const Batch batch = other->batch(torch::arange(3).to(simulated_device::device()));
  EXPECT_TRUE(batch.inputs.to(torch::kCPU).equal(test.batch(torch::arange(3)).inputs));
}

TEST(HoldOut, DividesTheTrainingSplitWithoutOverlap) {
  const auto digits = small_digits();
  const TrainingSplit split = hold_out(*digits, 50, 1);
  EXPECT_EQ(split.train.size(), 250);
  EXPECT_EQ(split.validation.size(), 50);
  EXPECT_TRUE(std::get<0>(torch::cat({split.train.ids(), split.validation.ids()}).sort()).equal(torch::arange(300)));
  EXPECT_FALSE(split.validation.ids().equal(hold_out(*digits, 50, 2).validation.ids()));
  EXPECT_THROW(hold_out(*digits, 300, 1), Error);
}

TEST(ChooseExamples, KeepsClassesFractionsAndHidesLabels) {
  const auto digits = small_digits(1000);
  const ExampleSet all(digits->train, "train", *digits);
  const ExampleSet part = choose_examples(all, {.classes = {7, 8}, .fraction = 0.1, .unlabelled = 0.5}, *digits, 1);
  EXPECT_EQ(part.size(), 20);
  EXPECT_EQ(part.labels().eq(-1).sum().item<int64_t>(), 10);
  const torch::Tensor truth = digits->train.labels.index_select(0, part.ids());
  EXPECT_TRUE(truth.eq(7).logical_or(truth.eq(8)).all().item<bool>());
  const ExampleSet without = choose_examples(all, {.without = {3}}, *digits, 1);
  EXPECT_FALSE(without.labels().eq(3).any().item<bool>());
  EXPECT_EQ(without.size(), 1000 - all.labels().eq(3).sum().item<int64_t>());
  EXPECT_THROW(choose_examples(all, {.classes = {12}}, *digits, 1), Error);
}

TEST(ChooseExamples, MakesLabelsWrongWithTheProbabilityGiven) {
  const auto digits = small_digits(2000);
  const ExampleSet all(digits->train, "train", *digits);
  const ExampleSet noisy = choose_examples(all, {.noise = 0.3}, *digits, 1),
                   again = choose_examples(all, {.noise = 0.3}, *digits, 1);
  EXPECT_TRUE(noisy.labels().equal(again.labels()));
  const torch::Tensor wrong = noisy.labels().ne(digits->train.labels.index_select(0, noisy.ids()));
  EXPECT_NEAR(wrong.to(torch::kFloat64).mean().item<double>(), 0.3, 0.04);  // four standard deviations
  EXPECT_TRUE(noisy.labels().ge(0).logical_and(noisy.labels().lt(10)).all().item<bool>());
  EXPECT_FALSE(noisy.labels().equal(choose_examples(all, {.noise = 0.3}, *digits, 2).labels()));
  EXPECT_TRUE(choose_examples(all, {.noise = 1.0}, *digits, 1).labels().ne(all.labels()).all().item<bool>());
  EXPECT_FALSE(choose_examples(all, {.without = {3}, .noise = 0.9}, *digits, 1).labels().eq(3).any().item<bool>());
}

TEST(ExtraExamples, AreUnlabelledAndNeverHeldOut) {
  const auto digits = small_digits(200), more = small_digits(70);
  append_unlabelled(*digits, *more);
  EXPECT_EQ(digits->train.size(), 270);
  const TrainingSplit split = hold_out(*digits, 50, 1);
  EXPECT_EQ(split.train.size(), 220);
  EXPECT_TRUE(split.validation.labels().ge(0).all().item<bool>());
  EXPECT_EQ(choose_examples(split.train, {}, *digits, 1).labels().eq(-1).sum().item<int64_t>(), 70);
  const ExampleSet labelled = choose_examples(split.train, {.extra = false}, *digits, 1);
  EXPECT_EQ(labelled.size(), 150);
  EXPECT_TRUE(labelled.labels().ge(0).all().item<bool>());
  const ExampleSet part = choose_examples(split.train, {.classes = {4}, .fraction = 0.5}, *digits, 1);
  EXPECT_EQ(part.labels().eq(-1).sum().item<int64_t>(), 70);  // the classes say nothing of examples without labels
  const auto other =
      choose(Slot::data, "{digits: {train: 20, test: 10}}").make<Dataset, const DataFolders&>(DataFolders());
  other->scale = 1;
  EXPECT_THROW(append_unlabelled(*digits, *other), Error);
}

TEST(ExampleSet, HasAFingerprintOfItsExamplesWhateverTheirLabels) {
  const auto digits = small_digits(100);
  const ExampleSet all(digits->train, "train", *digits);
  EXPECT_EQ(all.fingerprint(), all.with_labels(torch::full({100}, -1, torch::kInt64)).fingerprint());
  EXPECT_NE(all.fingerprint(), all.select(torch::arange(99), "train").fingerprint());
}

/// The plain way: one image and one pixel at a time.
torch::Tensor shifted(const torch::Tensor& image, int64_t down, int64_t right) {
  torch::Tensor out = torch::zeros_like(image);
  for (int64_t y = 0; y < image.size(1); ++y)
    for (int64_t x = 0; x < image.size(2); ++x) {
      const int64_t from_y = y - down, from_x = x - right;
      if (from_y >= 0 && from_y < image.size(1) && from_x >= 0 && from_x < image.size(2))
        out.select(1, y).select(1, x).copy_(image.select(1, from_y).select(1, from_x));
    }
  return out;
}

TEST(Shift, OfBytesIsThatOfOtherTypes) {
  const torch::Tensor images = torch::randint(0, 256, {200, 2, 5, 7}, torch::kUInt8);
  for (const char* yaml : {"{shift: 2}", "{shift: 8}"}) {  // the second moves images out of sight
    const Augmenter augmenter({choose(Slot::augmentation, yaml)});
    const torch::Tensor views = augmenter.draw(torch::arange(200), 1, 0);
    EXPECT_TRUE(
        augmenter.apply(images, views).to(torch::kFloat32).equal(augmenter.apply(images.to(torch::kFloat32), views)));
  }
}

TEST(Shift, EveryViewIsTheImageMovedByItsOffsets) {
  const torch::Tensor image = torch::arange(2 * 5 * 4, torch::kUInt8).reshape({2, 5, 4});
  const Augmenter augmenter({choose(Slot::augmentation, "{shift: 2}")});
  ASSERT_EQ(augmenter.view_count(), 25);
  const torch::Tensor views = torch::arange(25);
  const torch::Tensor all = augmenter.apply(image.unsqueeze(0).expand({25, 2, 5, 4}), views);
  EXPECT_EQ(all.scalar_type(), torch::kUInt8);
  std::set<std::pair<int64_t, int64_t>> seen;
  for (int64_t view = 0; view < 25; ++view)
    for (int64_t down = -2; down <= 2; ++down)
      for (int64_t right = -2; right <= 2; ++right)
        if (all[view].equal(shifted(image, down, right))) seen.emplace(down, right);
  EXPECT_EQ(seen.size(), 25U);
}

TEST(Augmenter, DrawsAreReplayableAndSpreadOverAllViews) {
  const Augmenter augmenter({choose(Slot::augmentation, "{shift: 1}")});
  const torch::Tensor ids = torch::arange(9000);
  const torch::Tensor views = augmenter.draw(ids, 1, 0);
  EXPECT_TRUE(views.equal(augmenter.draw(ids, 1, 0)));
  EXPECT_FALSE(views.equal(augmenter.draw(ids, 1, 1)));
  EXPECT_TRUE(views.slice(0, 100, 200).equal(augmenter.draw(ids.slice(0, 100, 200), 1, 0)));
  const torch::Tensor counts = torch::bincount(views, {}, 9);
  EXPECT_GT(counts.min().item<int64_t>(), 850);  // 1000 expected, standard deviation 30
  EXPECT_LT(counts.max().item<int64_t>(), 1150);
}

}  // namespace
}  // namespace limbeck
