#include "report/comparison.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

const std::vector<StageErrors> kFew = {{67, 140, 80}, {71, 150, 70}, {73, 145, 75}};
const std::vector<StageErrors> kMany = {{66, 140, 110}, {72, 151, 117}, {74, 146, 113}};

TEST(CompareRuns, SaysWhichDifferencesExceedTheNoiseOfTheSeeds) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "t20", kFew);
  write_several_seeds(folder.path() / "t4", kMany);
  const std::string text = compare_runs({folder.path() / "t20", folder.path() / "t4"});
  EXPECT_NE(text.find("t4 against t20, test split:"), std::string::npos) << text;
  EXPECT_NE(text.find("  distilled  +38.3 errors, 95 % interval "), std::string::npos) << text;
  EXPECT_NE(text.find("(3 against 3 seeds): more than noise\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  teacher    +0.3 errors, 95 % interval "), std::string::npos) << text;
  EXPECT_EQ(occurrences(text, "within noise"), 2) << text;
  EXPECT_NE(text.find("On mnist, test split, 1,000 examples."), std::string::npos) << text;
}

TEST(CompareRuns, SaysPlainlyThatOneSeedIsTooFew) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "several", kFew);
  write_single_run(folder.path() / "single", 1, {67, 140, 90});
  const std::string text = compare_runs({folder.path() / "several", folder.path() / "single"});
  EXPECT_EQ(occurrences(text, "too few seeds to tell (3 against 1; at least 2 each are needed)"), 3) << text;
  EXPECT_EQ(text.find("noise\n"), std::string::npos) << text;
}

TEST(CompareRuns, KnowsNoNoiseWhereTheSeedsDoNotVary) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "a", {{7, 20, 9}, {7, 20, 9}});
  write_several_seeds(folder.path() / "b", {{8, 20, 9}, {8, 20, 9}});
  EXPECT_NE(compare_runs({folder.path() / "a", folder.path() / "b"})
                .find("+1.0 errors; the seeds do not vary, so the noise is unknown"),
            std::string::npos);
}

TEST(CompareRuns, GroupsTheRowsByStage) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "a", 1, {7, 20, 9});
  write_single_run(folder.path() / "b", 2, {8, 21, 10});
  const std::string text = compare_runs({folder.path() / "a" / "", folder.path() / "b"});  // a path that ends in "/"
  EXPECT_NE(text.find("teacher    a        1  mlp 1200-1200   2,395,210            7"), std::string::npos) << text;
  EXPECT_NE(text.find("           b        1  mlp 1200-1200   2,395,210            8"), std::string::npos) << text;
}

TEST(CompareRuns, TellsRunsOfTheSameNameApart) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "x" / "run", 1, {});
  write_single_run(folder.path() / "y" / "run", 1, {});
  const std::string text = compare_runs({folder.path() / "x" / "run", folder.path() / "y" / "run"});
  EXPECT_NE(text.find((folder.path() / "x" / "run").string()), std::string::npos) << text;
}

TEST(CompareRuns, WarnsThatTheExamplesAreNotTheSame) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "a", 1, {});
  write_single_run(folder.path() / "b", 1, {});
  Json other = single_results(1, {});
  other["data"]["source"] = "cifar10";
  write_json(folder.path() / "b" / "results.json", other);
  const std::string text = compare_runs({folder.path() / "a", folder.path() / "b"});
  EXPECT_NE(text.find("On mnist, test split, 1,000 examples and cifar10, test split, 1,000 examples: the runs were not "
                      "evaluated on the same examples."),
            std::string::npos)
      << text;
}

TEST(CompareRuns, CopesWithStagesThatOnlyOneRunHasOrThatFailed) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "a", 1, {});
  write_json(folder.path() / "b" / "results.json",
             {{"stages", {{{"name", "other"}, {"status", "failed"}}, {{"name", "teacher"}, {"status", "pending"}}}}});
  const std::string text = compare_runs({folder.path() / "a", folder.path() / "b"});
  EXPECT_NE(text.find("failed"), std::string::npos) << text;
}

TEST(CompareRuns, RefusesFoldersThatHoldNoRunAndASingleRun) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "a", 1, {});
  EXPECT_THROW(compare_runs({folder.path() / "a", folder.path()}), Error);
  try {
    compare_runs({folder.path() / "a"});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "1 run to compare; expected at least 2");
  }
}

}  // namespace
}  // namespace limbeck
