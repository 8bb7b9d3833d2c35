#include "results/run_files.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "report/page/picture.h"
#include "report/run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

TEST(Metrics, IgnoreALastLineThatACrashCut) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "metrics.jsonl";
  write_file(file, "{\"epoch\":1,\"learning_rate\":0.1}\n{\"epoch\":2,\"learning_ra");
  const auto epochs = read_metrics(file);
  ASSERT_EQ(epochs.size(), 1u);
  EXPECT_EQ(epochs[0].learning_rate, 0.1);
}

TEST(Metrics, NameTheLineThatIsMalformed) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "metrics.jsonl";
  write_file(file, "{\"epoch\":1}\nnot json\n{\"epoch\":3}\n");
  try {
    read_metrics(file);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(file.string() + ":2"), std::string::npos) << error.what();
  }
}

TEST(Metrics, KeepTheLastOfAnEpochThatWasRunAgain) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "metrics.jsonl";
  write_file(file, "{\"epoch\":1,\"train\":{\"loss\":5}}\n{\"epoch\":2}\n{\"epoch\":1,\"train\":{\"loss\":4}}\n");
  const auto epochs = read_metrics(file);
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_EQ(epochs[0].train_loss, 4.0);
}

TEST(Metrics, MayBeMissingAndMayLackValidation) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "metrics.jsonl";
  EXPECT_TRUE(read_metrics(file).empty());
  write_file(file, "{\"epoch\":1,\"validation\":null,\"terms\":{\"hard_labels\":0.5,\"broken\":null}}\n");
  const auto epochs = read_metrics(file);
  EXPECT_FALSE(epochs.at(0).validation_accuracy.has_value());
  EXPECT_EQ(epochs.at(0).terms.size(), 1u);
}

TEST(Detail, PoolsTheCountsOfSeveralSeeds) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "a", 1, {10, 20, 30});
  write_single_run(folder.path() / "b", 2, {30, 20, 30});
  const fs::path file = "stages/teacher/evaluation.json";
  const ReportedDetail detail = pool_details(
      {*read_detail(folder.path() / "a" / file, "test"), *read_detail(folder.path() / "b" / file, "test")});
  EXPECT_EQ(detail.examples, 2000);
  EXPECT_EQ(detail.classes.at(0).errors, 40);
  EXPECT_DOUBLE_EQ(detail.classes.at(0).recall.value(), 1 - 40 / 800.0);
  EXPECT_DOUBLE_EQ(detail.classes.at(2).precision.value(), 600.0 / 640.0);
  EXPECT_EQ(detail.confusion.at(0).at(2), 40);
  EXPECT_EQ(detail.reliability.at(1).count, 2000);
  EXPECT_DOUBLE_EQ(detail.reliability.at(1).accuracy.value(), 0.98);
  EXPECT_FALSE(detail.reliability.at(0).confidence.has_value());
}

TEST(Detail, IsNothingWhenFileOrSplitIsMissing) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_detail(folder.path() / "evaluation.json", "test").has_value());
  write_file(folder.path() / "evaluation.json", "{\"test\": {}}");
  EXPECT_FALSE(read_detail(folder.path() / "evaluation.json", "validation").has_value());
  EXPECT_TRUE(read_detail(folder.path() / "evaluation.json", "test").has_value());
}

TEST(Detail, DropsAConfusionMatrixThatIsNotSquare) {
  const TemporaryFolder folder;
  write_file(folder.path() / "evaluation.json", R"({"test": {"confusion": [[1, 2], [3]]}})");
  EXPECT_TRUE(read_detail(folder.path() / "evaluation.json", "test")->confusion.empty());
}

TEST(Examples, AreNoPictureWhenShapeAndPixelsDisagree) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "examples.json";
  write_file(file,
             R"({"examples": [{"shape": [1, 2, 2], "pixels": [0, 1, 2]}, {"shape": [5], "pixels": [0, 1, 2, 3, 4]},
    {"shape": [1, 2, 2], "pixels": [0, 300, -4, "x"]}, {"shape": [1, 1e9, 1e9], "pixels": []}]})");
  const ReportedExamples examples = read_examples(file);
  ASSERT_EQ(examples.examples.size(), 4u);
  EXPECT_TRUE(examples.examples[0].pixels.empty());
  EXPECT_TRUE(examples.examples[1].pixels.empty());
  EXPECT_EQ(examples.examples[2].pixels, (std::vector<uint8_t>{0, 255, 0, 0}));
  EXPECT_TRUE(examples.examples[3].pixels.empty());
}

TEST(Picture, IsABitmapOfTheExamplesPixels) {
  ReportedExample example;
  example.channels = 3;
  example.height = example.width = 1;
  example.pixels = {1, 2, 3};
  // "BM", size 58, offset 54, header 40, 1 × 1, one plane of 24 bits, then blue, green, red and one byte of padding.
  EXPECT_EQ(picture_address(example),
            "data:image/bmp;base64,Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAwIBAA==");
}

TEST(Picture, OfALargeExampleIsAveragedDown) {
  ReportedExample example;
  example.channels = 1;
  example.height = 960;
  example.width = 480;
  example.pixels.assign(960 * 480, 7);
  EXPECT_LT(picture_address(example).size(), 22000u);  // 96 × 48 pixels, three bytes each, in base 64
}

TEST(Picture, OfAnExampleThatIsNoneIsEmpty) {
  EXPECT_EQ(picture_address(ReportedExample{}), "");
}

}  // namespace
}  // namespace limbeck
