#include "results/reported_run.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "report/paper.h"
#include "report/recovery.h"
#include "report/run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

std::string folder_mistake(const fs::path& folder) {
  try {
    read_reported_run(folder);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ReportedRun, NamesAFolderThatHoldsNoResults) {
  const TemporaryFolder folder;
  EXPECT_EQ(folder_mistake(folder.path()),
            "'" + folder.path().string() + "' holds no results.json; expected the folder of a run");
}

TEST(ReportedRun, NamesTheFileThatIsNotJson) {
  const TemporaryFolder folder;
  write_file(folder.path() / "results.json", "{\"name\": \"cut");
  const std::string message = folder_mistake(folder.path());
  EXPECT_NE(message.find((folder.path() / "results.json").string()), std::string::npos) << message;
  EXPECT_NE(message.find("not valid JSON"), std::string::npos) << message;
}

TEST(ReportedRun, RefusesJsonThatIsNoRun) {
  const TemporaryFolder folder;
  write_file(folder.path() / "results.json", "[1, 2]");
  EXPECT_NE(folder_mistake(folder.path()).find("no list of stages"), std::string::npos);
  write_file(folder.path() / "results.json", R"({"format": 2, "stages": []})");
  EXPECT_NE(folder_mistake(folder.path()).find("has format 2; this program reads format 1"), std::string::npos);
}

TEST(ReportedRun, ReadsSeedsMeansAndDeviations) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path(), {{67, 140, 80}, {71, 150, 70}, {73, 145, 75}});
  const ReportedRun run = read_reported_run(folder.path());
  EXPECT_EQ(run.seeds, (std::vector<int64_t>{1, 2, 3}));
  const Spread* errors = run.stage("teacher")->measure("test", "errors");
  ASSERT_NE(errors, nullptr);
  EXPECT_EQ(errors->values, (std::vector<double>{67, 71, 73}));
  EXPECT_NEAR(errors->mean, 70.333, 1e-3);
  EXPECT_NEAR(errors->deviation.value(), 3.055, 1e-3);
  EXPECT_EQ(run.stage("teacher")->measure("test", "agreement"), nullptr);  // null in the file
  EXPECT_EQ(run.seeds_note(), "mean ± standard deviation over 3 seeds (1, 2, 3)");
  EXPECT_EQ(run.split_note("test"), "test split, 1,000 examples");
}

TEST(ReportedRun, PrefersTheTestSplitThenValidation) {
  Json results = single_results(1, {});
  EXPECT_EQ(parse_reported_run(results).main_split(), "test");
  for (Json& stage : results["stages"]) {
    stage["evaluations"]["validation"] = stage["evaluations"]["test"];
    stage["evaluations"].erase("test");
  }
  EXPECT_EQ(parse_reported_run(results).main_split(), "validation");
  for (Json& stage : results["stages"]) stage["evaluations"] = Json::object();
  EXPECT_EQ(parse_reported_run(results).main_split(), "");
}

TEST(ReportedRun, PrefersValidationToAStagesOwnTrainingExamples) {
  Json results = single_results(1, {});
  for (Json& stage : results["stages"]) {
    Json evaluations = {{"train", stage["evaluations"]["test"]}, {"validation", stage["evaluations"]["test"]}};
    stage["evaluations"] = evaluations;
  }
  EXPECT_EQ(parse_reported_run(results).main_split(), "validation");
}

TEST(ReportedRun, ReadsTheErrorsOfSingleClassesWithTheirSeedsAndThePapers) {
  Json results = richer_results({7, 20, 9});
  results["stages"][2]["over_seeds"]["test"]["class_errors"]["3"] = {
      {"mean", 14}, {"deviation", 2}, {"values", {12, 14, 16}}};
  const ReportedRun run = parse_reported_run(results);
  const ReportedStage& student = *run.stage("distilled");
  ASSERT_NE(student.measure("test", "class_errors.3"), nullptr);
  EXPECT_EQ(student.measure("test", "class_errors.3")->values, (std::vector<double>{12, 14, 16}));
  EXPECT_EQ(student.measure("test", "class_errors.3")->deviation, 2.0);
  EXPECT_EQ(student.measure("test", "class_errors.2")->mean, 3);
  EXPECT_EQ(student.measure("test", "class_errors"), nullptr);
  EXPECT_EQ(student.paper, (std::vector<std::pair<std::string, double>>{{"errors", 8}, {"class_errors.3", 133}}));
  EXPECT_EQ(student.note, "bias of class 3 raised by 3.4");
}

TEST(ReportedRun, ReadsPlotsOfPointsAndPointsOfNoStage) {
  Json results = single_results(1, {});
  results["plots"] = {{{"points_only", true}, {"lines", {{{"name", "paper"}, {"points", {{{"x", 1}, {"y", 2}}}}}}}},
                      {{"lines", Json::array()}}};
  const ReportedRun run = parse_reported_run(results);
  EXPECT_TRUE(run.plots.at(0).points_only);
  EXPECT_EQ(run.plots.at(0).lines.at(0).points.at(0).stage, "");
  EXPECT_FALSE(run.plots.at(1).points_only);
}

TEST(ReportedRun, CopesWithFieldsOfTheWrongType) {
  const Json results = Json::parse(R"({"name": 5, "seed": "x", "data": [], "environment": null,
    "stages": [null, 3, {"name": "a", "seconds": "long", "evaluations": {"test": {"errors": null}, "validation": 7}}],
    "paper": {"a": 12}, "plots": [{"lines": [{"points": [{"x": 1}, {"x": 1, "y": null}, {"x": 1, "y": 2}]}]}]})");
  const ReportedRun run = parse_reported_run(results);
  EXPECT_EQ(run.name, "5");
  EXPECT_EQ(run.stages.size(), 3u);
  EXPECT_EQ(run.plots.at(0).lines.at(0).points.size(), 1u);
}

TEST(Paper, SetsItsNumberBesideOurs) {
  const ReportedRun run = parse_reported_run(single_results(1, {7, 20, 9}));
  const auto comparisons = paper_comparisons(*run.stage("teacher"), "test");
  ASSERT_EQ(comparisons.size(), 1u);
  EXPECT_EQ(comparisons[0].paper, "6");
  EXPECT_EQ(comparisons[0].ours, "7");
  EXPECT_EQ(comparisons[0].difference, "+1");
  EXPECT_TRUE(paper_comparisons(*run.stage("baseline"), "test").empty());
}

TEST(Paper, ReadsAnAccuracyAboveOneAsPercent) {
  Json results = single_results(1, {7, 20, 9});
  results["paper"] = {{"teacher", {{"accuracy", 99.0}}}, {"baseline", {{"accuracy", 0.99}}}};
  const ReportedRun run = parse_reported_run(results);
  for (const char* stage : {"teacher", "baseline"})
    EXPECT_EQ(paper_comparisons(*run.stage(stage), "test").at(0).paper, "99.00 %");
  EXPECT_EQ(paper_comparisons(*run.stage("teacher"), "test").at(0).difference, "+0.30");
}

TEST(Paper, SaysOurNumberWhereItHasNoColumn) {
  const ReportedRun run = parse_reported_run(richer_results({7, 20, 9}));
  const auto comparisons = paper_comparisons(*run.stage("distilled"), "test");
  ASSERT_EQ(comparisons.size(), 2u);
  EXPECT_EQ(comparisons[1].sentence(), "errors on 3: 14 (paper 133, -119)");
  EXPECT_EQ(paper_comparisons(*run.stage("distilled"), "validation").at(1).sentence(), "errors on 3: paper 133");
}

std::string sentence(const StageErrors& errors) {
  const ReportedRun run = parse_reported_run(single_results(1, errors));
  const auto found = recoveries(run, "test");
  return found.size() == 1 ? found[0].sentence() : "not one";
}

TEST(Recovery, SaysHowMuchOfTheGapCameBack) {
  EXPECT_EQ(sentence({10, 30, 15}),
            "distilled recovers 75 % of the gap: 15 test errors, where baseline makes 30 and teacher 10");
  EXPECT_EQ(sentence({10, 30, 10}),
            "distilled recovers 100 % of the gap: 10 test errors, where baseline makes 30 and teacher 10");
}

TEST(Recovery, SaysPlainlyWhenThereIsNoneOrNoGap) {
  EXPECT_EQ(sentence({10, 30, 31}),
            "distilled recovers nothing of the gap: 31 test errors, where baseline makes 30 and teacher 10");
  EXPECT_EQ(sentence({10, 30, 8}),
            "distilled is better than its teacher: 8 test errors, where baseline makes 30 and teacher 10");
  EXPECT_EQ(sentence({30, 30, 20}),
            "distilled makes 20 test errors; its teacher teacher makes 30 and is no better than baseline with 30");
}

TEST(Recovery, ComparesWithTheTeacherAloneWhereNoBaselineSharesTheNetwork) {
  Json results = single_results(1, {10, 30, 15});
  results["stages"][1]["network"]["name"] = "another";
  const ReportedRun run = parse_reported_run(results);
  const auto found = recoveries(run, "test");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(found[0].share().has_value());
  EXPECT_EQ(found[0].sentence(), "distilled makes 15 test errors, its teacher teacher makes 10");
}

TEST(Recovery, IsNotSaidOfAStudentWithNothingToCompareItWith) {
  Json results = single_results(1, {});
  results["stages"][1]["network"]["name"] = "another";
  results["stages"][2]["teacher"] = "elsewhere.pt";
  EXPECT_TRUE(recoveries(parse_reported_run(results), "test").empty());
}

TEST(Recovery, TakesNoOtherStudentForTheBaseline) {
  Json results = single_results(1, {10, 30, 15});
  Json other = results["stages"][2];
  other["name"] = "other";
  results["stages"].insert(results["stages"].begin(), other);
  const ReportedRun run = parse_reported_run(results);
  for (const Recovery& recovery : recoveries(run, "test")) EXPECT_EQ(recovery.baseline->name, "baseline");
}

TEST(Recovery, KnowsABaselineThatIsTheTeacherItself) {
  Json results = single_results(1, {10, 30, 8});
  results["stages"][2]["teacher"] = "baseline";
  const ReportedRun run = parse_reported_run(results);
  const auto found = recoveries(run, "test");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].sentence(),
            "distilled makes 8 test errors; baseline, the same network without a teacher, makes 30");
}

TEST(Recovery, OfAnEnsembleIsMeasuredFromItsMembers) {
  const auto stage = [](const char* name, double errors) {
    return Json{{"name", name},
                {"status", "done"},
                {"network", {{"name", "single"}}},
                {"evaluations", {{"test", {{"examples", 100}, {"errors", errors}}}}}};
  };
  Json ensemble = stage("ensemble", 10), student = stage("distilled", 12);
  ensemble["replicas"] = {{"count", 10}};
  ensemble["evaluations"]["test"]["member_errors"] = 20.0;
  student["teacher"] = "ensemble";
  const ReportedRun run = parse_reported_run({{"name", "r"}, {"stages", {ensemble, student}}});
  const auto found = recoveries(run, "test");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].baseline, nullptr);  // an ensemble of the student's network is not that network alone
  EXPECT_EQ(found[0].sentence(),
            "distilled keeps 80 % of the ensemble's gain: 12 test errors, where ensemble's networks make 20 on "
            "average and together 10");
}

}  // namespace
}  // namespace limbeck
