#include "report/summary.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "results/json_fields.h"
#include "run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

TEST(TerminalSummary, ShowsEachStageAndThePapersNumbers) {
  EXPECT_EQ(terminal_summary(single_results(1, {7, 20, 9})),
            "stage      network        parameters  teacher  test errors  accuracy     NLL     ECE  agreement  KL to "
            "teacher    paper        time  examples/s\n"
            "─────────  ─────────────  ──────────  ───────  ───────────  ────────  ──────  ──────  ─────────  "
            "─────────────  ───────  ──────────  ──────────\n"
            "teacher    mlp 1200-1200   2,395,210                     7   99.30 %  0.0280  0.35 %                      "
            "      6  (+1)  1 min 15 s      14,500\n"
            "baseline   mlp 800-800     1,276,810                    20   98.00 %  0.0800  1.00 %                      "
            "                     12 s      31,800\n"
            "distilled  mlp 800-800     1,276,810  teacher            9   99.10 %  0.0360  0.45 %    99.00 %         "
            "0.0123  8  (+1)        12 s      31,800\n"
            "\n"
            "On the test split, 1,000 examples; one seed (1). In brackets: ours minus the paper's.\n"
            "distilled recovers 85 % of the gap: 9 test errors, where baseline makes 20 and teacher 7.\n");
}

TEST(TerminalSummary, ShowsMeanAndDeviationOfSeveralSeeds) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path(), {{67, 140, 80}, {71, 150, 70}, {73, 145, 75}});
  const std::string text = terminal_summary(read_json(folder.path() / "results.json"));
  EXPECT_NE(text.find(" 70.3 ± 3.1 "), std::string::npos) << text;
  EXPECT_NE(text.find("145.0 ± 5.0 "), std::string::npos) << text;
  EXPECT_NE(text.find("6  (+64.3)"), std::string::npos) << text;
  EXPECT_NE(text.find("over 3 seeds (1, 2, 3)"), std::string::npos) << text;
}

TEST(TerminalSummary, SaysWhatBecameOfStagesThatAreNotDone) {
  Json results = single_results(1, {});
  results["stages"][2] = {{"name", "distilled"}, {"status", "failed"}};
  const std::string text = terminal_summary(results);
  EXPECT_NE(text.find("status"), std::string::npos) << text;
  EXPECT_NE(text.find("distilled  failed"), std::string::npos) << text;
  EXPECT_EQ(text.find("agreement"), std::string::npos) << "no stage has it now:\n" << text;
}

TEST(TerminalSummary, ShowsTheNumberOfExamplesOfEachStageWhereItDiffers) {
  Json results = single_results(1, {});
  results["stages"][1]["evaluations"]["test"]["examples"] = 500;
  const std::string text = terminal_summary(results);
  EXPECT_NE(text.find("500 to 1,000 examples, by stage"), std::string::npos) << text;
  EXPECT_NE(text.find("examples  test errors"), std::string::npos) << text;
}

TEST(TerminalSummary, NamesThePapersMeasureWhereItIsNotErrors) {
  Json results = single_results(1, {7, 20, 9});
  results["paper"] = {{"teacher", {{"accuracy", 0.99}, {"word_errors", 3}}}};
  const std::string text = terminal_summary(results);
  EXPECT_NE(text.find("accuracy: 99.30 % (paper 99.00 %, +0.30), word_errors: paper 3.0000"), std::string::npos)
      << text;
}

TEST(TerminalSummary, ShowsFurtherNumbersAndNotesWhereARunHasThem) {
  EXPECT_EQ(
      terminal_summary(richer_results({7, 20, 9})),
      "stage      network        parameters  teacher  test errors  members' errors  accuracy  train accuracy     "
      "NLL     ECE  agreement  KL to teacher    paper  further numbers                          time  examples/s\n"
      "─────────  ─────────────  ──────────  ───────  ───────────  ───────────────  ────────  ──────────────  "
      "──────  ──────  ─────────  ─────────────  ───────  ─────────────────────────────────  ──────────  "
      "──────────\n"
      "teacher    mlp 1200-1200   2,395,210                     7                    99.30 %                  "
      "0.0280  0.35 %                            6  (+1)                                     1 min 15 s      "
      "14,500\n"
      "baseline   mlp 800-800     1,276,810                    20                    98.00 %                  "
      "0.0800  1.00 %                                                                              12 s      "
      "31,800\n"
      "distilled  mlp 800-800     1,276,810  teacher            9             12.5   99.10 %         99.89 %  "
      "0.0360  0.45 %    99.00 %         0.0123  8  (+1)  errors on 3: 14 (paper 133, -119)        12 s      "
      "31,800\n"
      "\n"
      "On the test split, 1,000 examples; one seed (1). In brackets: ours minus the paper's.\n"
      "distilled recovers 85 % of the gap: 9 test errors, where baseline makes 20 and teacher 7.\n"
      "distilled: bias of class 3 raised by 3.4.\n");
}

TEST(TerminalSummary, MeasuresAStudentByANetworkThatComputesAsItDoes) {
  Json results = single_results(1, {});
  results["stages"][1]["quantized"] = {{"errors", 20}};  // the baseline in bytes
  EXPECT_NE(terminal_summary(results).find("distilled makes 9 test errors, its teacher teacher makes 7."),
            std::string::npos);
  results["stages"][2]["quantized"] = {{"errors", 9}};
  EXPECT_NE(terminal_summary(results).find("distilled recovers 85 % of the gap"), std::string::npos);
}

TEST(TerminalSummary, DoesNotTakeSpecialistsForOneNetwork) {
  Json results = single_results(1, {});
  results["stages"][1]["specialists"] = {{"count", 4}};
  EXPECT_NE(terminal_summary(results).find("distilled makes 9 test errors, its teacher teacher makes 7."),
            std::string::npos);
}

TEST(TerminalSummary, EndsEveryNoteWithOneFullStop) {
  Json results = single_results(1, {});
  results["stages"][0]["note"] = "A sentence.";
  results["stages"][1]["note"] = "no end";
  const std::string text = terminal_summary(results);
  EXPECT_NE(text.find("\nteacher: A sentence.\nbaseline: no end.\n"), std::string::npos) << text;
}

TEST(TerminalSummary, SaysThatNothingHasBeenEvaluated) {
  EXPECT_NE(terminal_summary(Json::parse(R"({"stages": [{"name": "teacher", "status": "pending"}]})"))
                .find("No stage has been evaluated."),
            std::string::npos);
  EXPECT_NE(terminal_summary(Json()).find("No stage has been evaluated."), std::string::npos);
}

}  // namespace
}  // namespace limbeck
