#include "report/comparison.h"
#include "core/json.h"

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

/// The message of the usage error, or "no error".
std::string usage_error(const std::vector<fs::path>& runs, const CompareOptions& options) {
  try {
    compare_runs(runs, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "no error";
}

TEST(CompareRuns, LaysTheStagesOfOneRunSideBySide) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "a", kFew);
  const std::string text = compare_runs({folder.path() / "a"});
  EXPECT_NE(text.find("Against teacher, test split:\n  baseline   +74.7 errors, 95 % interval "), std::string::npos)
      << text;
  EXPECT_NE(text.find("  distilled  +4.7 errors, 95 % interval -5.5 to +14.9 (3 against 3 seeds): within noise"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("run  "), std::string::npos) << "one run needs no column for its name:\n" << text;
}

TEST(CompareRuns, ComparesWithTheStageThatIsAskedFor) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "a", kFew);
  const std::string text = compare_runs({folder.path() / "a"}, {.against = "distilled"});
  EXPECT_NE(text.find("Against distilled, test split:\n  teacher   -4.7 errors"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  baseline  +70.0 errors"), std::string::npos) << text;
}

TEST(CompareRuns, ComparesOtherMeasuresInTheirOwnUnits) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "a", kFew);
  const std::string accuracy = compare_runs({folder.path() / "a"}, {.metric = "accuracy", .against = "baseline"});
  EXPECT_NE(accuracy.find("  distilled  +7.00 points of accuracy, 95 % interval +5.87 to +8.13"), std::string::npos)
      << accuracy;
  const std::string nll = compare_runs({folder.path() / "a"}, {.metric = "nll"});
  EXPECT_NE(nll.find("  baseline   +0.2987 NLL, 95 % interval +0.2578 to +0.3395"), std::string::npos) << nll;
}

TEST(CompareRuns, GivesTheComparedMeasureAColumn) {
  const TemporaryFolder folder;
  write_json(folder.path() / "a" / "results.json", richer_results({7, 20, 9}));
  write_json(folder.path() / "b" / "results.json", richer_results({7, 20, 9}));
  const std::string text = compare_runs({folder.path() / "a", folder.path() / "b"}, {.metric = "class_errors.3"});
  EXPECT_NE(text.find("test errors on 3  errors  accuracy"), std::string::npos) << text;
  EXPECT_NE(text.find("  distilled  0 errors on 3; too few seeds to tell"), std::string::npos) << text;
}

TEST(CompareRuns, ComparesOnTheSplitThatIsAskedFor) {
  const TemporaryFolder folder;
  Json results = single_results(1, {7, 20, 9});
  for (Json& stage : results["stages"]) stage["evaluations"]["validation"] = evaluation(30, false);
  write_json(folder.path() / "results.json", results);
  const std::string text = compare_runs({folder.path()}, {.split = "validation"});
  EXPECT_NE(text.find("Against teacher, validation split:\n  baseline   0 errors;"), std::string::npos) << text;
}

TEST(CompareRuns, TakesTheFirstEvaluatedStageAsReference) {
  const TemporaryFolder folder;
  Json results = single_results(1, {7, 20, 9});
  results["stages"][0]["evaluations"] = Json::object();
  write_json(folder.path() / "results.json", results);
  EXPECT_NE(compare_runs({folder.path()}).find("Against baseline, test split:\n  distilled  -11 errors"),
            std::string::npos);
}

TEST(CompareRuns, WarnsOfManyIntervals) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "c"}) write_several_seeds(folder.path() / name, kFew);
  const fs::path a = folder.path() / "a", b = folder.path() / "b", c = folder.path() / "c";
  EXPECT_NE(compare_runs({a, b, c}).find("Of 6 such intervals, one in 20 leaves out zero by chance"),
            std::string::npos);
  EXPECT_EQ(compare_runs({a, b}).find("such intervals"), std::string::npos);
}

TEST(CompareRuns, NamesTheNearestStageMetricAndSplit) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json", richer_results({7, 20, 9}));
  const std::vector<fs::path> runs = {folder.path()};
  EXPECT_EQ(usage_error(runs, {.against = "distiled"}), "the run has no stage 'distiled'; did you mean 'distilled'?");
  EXPECT_EQ(usage_error(runs, {.split = "tset"}), "no stage was evaluated on 'tset'; did you mean 'test'?");
  EXPECT_EQ(usage_error(runs, {.metric = "acuracy"}),
            "no stage has 'acuracy' on the test split; did you mean 'accuracy'?");
  EXPECT_EQ(usage_error(runs, {.metric = "class_errors.5"}),
            "no stage has 'class_errors.5' on the test split; did you mean 'class_errors.2'?");
  EXPECT_EQ(usage_error(runs, {.metric = "member_errors", .against = "teacher"}),
            "stage 'teacher' has no 'member_errors' on the test split (it is done); expected a stage that has");
  EXPECT_EQ(usage_error({folder.path(), folder.path()}, {.against = "teacher"}),
            "'teacher' is a stage to compare the others of one run with; 2 runs are given, which are compared with the "
            "first");
}

TEST(ComparisonJson, HoldsTheSameNumbersForPrograms) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path() / "t20", kFew);
  write_several_seeds(folder.path() / "t4", kMany);
  const Json json = comparison_json({folder.path() / "t20", folder.path() / "t4"});
  EXPECT_EQ(json["split"], "test");
  EXPECT_EQ(json["metric"], "errors");
  EXPECT_EQ(json["stages"].size(), 6u);
  EXPECT_EQ(json["stages"][0]["number"]["values"], Json({67.0, 71.0, 73.0}));
  const Json& distilled = json["comparisons"][2];
  EXPECT_EQ(distilled["run"], "t4");
  EXPECT_EQ(distilled["against"], Json({{"run", "t20"}, {"stage", "distilled"}}));
  EXPECT_NEAR(distilled["difference"].get<double>(), 38.333, 1e-3);
  EXPECT_GT(distilled["interval"]["low"].get<double>(), 0);
  EXPECT_EQ(distilled["seeds"], Json({3, 3}));
  EXPECT_EQ(distilled["verdict"], "more than noise");
  EXPECT_EQ(json["comparisons"][0]["verdict"], "within noise");
}

TEST(ComparisonJson, SaysWhyThereIsNoInterval) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "single", 1, {67, 140, 90});
  const Json one = comparison_json({folder.path() / "single"})["comparisons"][0];
  EXPECT_TRUE(one["interval"].is_null());
  EXPECT_EQ(one["verdict"], "too few seeds");
  write_several_seeds(folder.path() / "same", {{7, 20, 9}, {7, 20, 9}});
  EXPECT_EQ(comparison_json({folder.path() / "same"})["comparisons"][0]["verdict"], "seeds do not vary");
}

TEST(CompareRuns, RefusesFoldersThatHoldNoRunAndNoFolder) {
  const TemporaryFolder folder;
  write_single_run(folder.path() / "a", 1, {});
  EXPECT_THROW(compare_runs({folder.path() / "a", folder.path()}), Error);
  EXPECT_EQ(usage_error({}, {}), "no run to compare; expected the folder of at least one");
}

}  // namespace
}  // namespace limbeck
