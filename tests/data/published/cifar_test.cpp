#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdlib>

#include "data/published/cifar_files.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

constexpr int64_t kPixelBytes = 3 * 32 * 32;
const CifarFormat kTen{.classes = {10}};
const CifarFormat kHundred{.classes = {20, 100}, .shown = 1};

/// Record i has the label bytes given, and pixels that count from i.
std::string records(const std::vector<std::string>& labels) {
  std::string bytes;
  for (size_t i = 0; i < labels.size(); ++i) {
    bytes += labels[i];
    for (int64_t k = 0; k < kPixelBytes; ++k) bytes += static_cast<char>(static_cast<int64_t>(i) + k);
  }
  return bytes;
}

class Cifar : public TemporaryFolder {
 protected:
  std::string problem(const std::string& content, const CifarFormat& format, int64_t count) {
    write_file(file, content);
    return message_of<Error>([&] { read_cifar({file}, format, count); });
  }
  fs::path file = folder / "batch.bin";
};

TEST_F(Cifar, RecordsAreLabelsAndPlanes) {
  write_file(file, records({"\3", "\7"}));
  const Split split = read_cifar({file, file}, kTen, 2);
  EXPECT_TRUE(split.labels.equal(torch::tensor({3, 7, 3, 7})));
  EXPECT_TRUE(split.inputs[3].flatten().equal(torch::arange(1, 1 + kPixelBytes).remainder(256).to(torch::kUInt8)));
  EXPECT_EQ(split.inputs.sizes(), (std::vector<int64_t>{4, 3, 32, 32}));
}

TEST_F(Cifar, OfTwoLabelsTheOneThatIsAskedForIsShown) {
  write_file(file, records({"\x13\x63", std::string("\0\5", 2)}));
  EXPECT_TRUE(read_cifar({file}, kHundred, 2).labels.equal(torch::tensor({99, 5})));
  EXPECT_TRUE(read_cifar({file}, {.classes = {20, 100}, .shown = 0}, 2).labels.equal(torch::tensor({19, 0})));
}

TEST_F(Cifar, EveryTruncationIsAnErrorThatNamesFileAndOffset) {
  const std::string whole = records({"\3", "\7"});
  for (size_t size = 0; size < whole.size(); size += size < 10 || size + 10 > whole.size() ? 1 : 97) {
    const std::string text = problem(whole.substr(0, size), kTen, 2);
    EXPECT_NE(text.find(fmt::format("'{}' is truncated: it ends at offset {},", file.string(), size)),
              std::string::npos)
        << text;
  }
  EXPECT_NE(problem(whole + "x", kTen, 2).find("1 more follow at offset 6146"), std::string::npos);
  EXPECT_NE(problem(records({"\3"}), kTen, 2).find("is truncated"), std::string::npos);  // a whole record is missing
}

TEST_F(Cifar, EveryFlippedByteIsAPixelOrAnErrorThatNamesTheOffset) {
  const std::string whole = records({std::string("\1\2", 2), std::string("\3\4", 2)});
  for (size_t i = 0; i < whole.size(); i += i % 3074 < 4 ? 1 : 31) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
    const bool is_label = i % 3074 < 2;
    if (is_label) {
      EXPECT_NE(
          problem(damaged, kHundred, 2).find(fmt::format("at offset {}; expected 0 to {}", i, i % 3074 == 0 ? 19 : 99)),
          std::string::npos);
    } else {
      write_file(file, damaged);
      EXPECT_EQ(read_cifar({file}, kHundred, 2).labels[1].item<int64_t>(), 4);
    }
  }
}

TEST_F(Cifar, AMissingFileOrAFolderInItsPlaceIsAnError) {
  EXPECT_NE(message_of<Error>([&] { read_cifar({folder / "nothing.bin"}, kTen, 1); }).find("cannot read"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { read_cifar({folder}, kTen, 1); }).find("is a folder; expected a file"),
            std::string::npos);
}

TEST_F(Cifar, LabelNamesAreLines) {
  write_file(file, "cat\r\ndog\n\n\n");
  EXPECT_EQ(read_label_names(file, 2), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_NE(message_of<Error>([&] { read_label_names(file, 3); }).find("holds 2 names of labels; expected 3"),
            std::string::npos);
}

TEST_F(Cifar, AnIncompleteFolderIsAnErrorAndNotFetched) {
  write_file(folder / "data_batch_1.bin", "x");
  write_file(folder / "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
  const Choice choice = choose(Slot::data, fmt::format("{{cifar10: '{}'}}", folder.string()));
  EXPECT_EQ(message_of<Error>([&] { choice.make<Dataset, const DataFolders&>(DataFolders()); }),
            fmt::format("no file '{}/data_batch_2.bin' in the data folders", folder.string()));
}

bool has(const std::string& name) {
  return std::getenv("LIMBECK_DATA") != nullptr && DataFolders().find({name});
}

TEST(Cifar10, TheRealOneHasItsPublishedSizesAndStatistics) {
  if (!has("cifar-10-batches-bin/test_batch.bin")) GTEST_SKIP() << "LIMBECK_DATA has no CIFAR-10";
  const auto cifar = choose(Slot::data, "cifar10").make<Dataset, const DataFolders&>(DataFolders());
  EXPECT_EQ(cifar->train.size(), 50000);
  EXPECT_EQ(cifar->test.size(), 10000);
  EXPECT_EQ(cifar->classes.at(3), "cat");
  EXPECT_TRUE(torch::bincount(cifar->test.labels).eq(1000).all().item<bool>());
  EXPECT_TRUE(torch::bincount(cifar->train.labels).eq(5000).all().item<bool>());
  const torch::Tensor mean = cifar->train.inputs.to(torch::kFloat32).mean(torch::IntArrayRef{0, 2, 3}) * cifar->scale;
  for (int64_t c = 0; c < 3; ++c)
    EXPECT_NEAR(mean[c].item<double>(), cifar->mean.at(static_cast<size_t>(c)), 1e-3);  // four digits, float32 sums
}

TEST(Cifar100, TheRealOneHasFineAndCoarseLabels) {
  if (!has("cifar-100-binary/test.bin")) GTEST_SKIP() << "LIMBECK_DATA has no CIFAR-100";
  const auto fine = choose(Slot::data, "cifar100").make<Dataset, const DataFolders&>(DataFolders());
  const auto coarse =
      choose(Slot::data, "{cifar100: {labels: coarse}}").make<Dataset, const DataFolders&>(DataFolders());
  EXPECT_EQ(fine->train.size(), 50000);
  EXPECT_EQ(fine->classes.size(), 100U);
  EXPECT_EQ(coarse->classes.size(), 20U);
  EXPECT_TRUE(torch::bincount(fine->train.labels).eq(500).all().item<bool>());
  EXPECT_TRUE(torch::bincount(coarse->test.labels).eq(500).all().item<bool>());
  EXPECT_TRUE(fine->test.inputs.equal(coarse->test.inputs));
  // Every fine class lies in one coarse class.
  const torch::Tensor pairs = std::get<0>(torch::_unique2(fine->train.labels * 20 + coarse->train.labels));
  EXPECT_EQ(pairs.size(0), 100);
}

}  // namespace
}  // namespace limbeck
