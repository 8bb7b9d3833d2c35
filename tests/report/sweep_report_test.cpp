#include "report/sweep_report.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "report/plots/sweep_plot.h"
#include "results/reported_sweep.h"

namespace limbeck {
namespace {
using namespace report_test;

const std::string kTemperature = "stages.distilled.loss.soft_targets.temperature";
const std::string kWeight = "stages.distilled.loss.soft_targets.weight";

Json number(double mean) {
  return {{"mean", mean}, {"deviation", 2.0}, {"values", {mean - 2, mean, mean + 2}}};
}

Json point(const Json& values, double test, double validation) {
  return {{"values", values},
          {"run", "points/0001"},
          {"status", "done"},
          {"results", {{"test", {{"errors", number(test)}}}, {"validation", {{"errors", number(validation)}}}}}};
}

/// A grid of two temperatures and two weights; the best on validation is not the best on test.
Json grid() {
  return {{"name", "softness"},
          {"keys", {kTemperature, kWeight}},
          {"metric", "errors"},
          {"stage", "distilled"},
          {"chosen_on", "validation"},
          {"seeds", {1, 2, 3}},
          {"points",
           {point({{kTemperature, 2}, {kWeight, 0.5}}, 90, 95), point({{kTemperature, 20}, {kWeight, 0.5}}, 75, 85),
            point({{kTemperature, 2}, {kWeight, 0.9}}, 80, 81), point({{kTemperature, 20}, {kWeight, 0.9}}, 70, 86)}}};
}

/// The same number of errors at each of these values of one key.
Json over(const std::vector<Json>& values) {
  Json sweep = grid();
  sweep["keys"] = {"stages.a.setting"};
  sweep["points"] = Json::array();
  for (const Json& value : values) sweep["points"].push_back(point({{"stages.a.setting", value}}, 70, 80));
  return sweep;
}

TEST(ShortNames, AreTheLastStepsThatTellPathsApart) {
  EXPECT_EQ(short_names({kTemperature, kWeight, "stages.distilled.loss.hard_labels.weight"}),
            (std::vector<std::string>{"temperature", "soft_targets.weight", "hard_labels.weight"}));
  EXPECT_EQ(short_names({"seed", "data.seed"}), (std::vector<std::string>{"seed", "data.seed"}));
  EXPECT_EQ(short_names({"a.b", "a.b"}), (std::vector<std::string>{"b", "b"}));
  EXPECT_EQ(short_names({""}), (std::vector<std::string>{""}));
}

TEST(SweepTable, MarksTheBestOnValidation) {
  Json sweep = grid();
  sweep["points"][1]["results"]["validation"]["errors"] = number(88);
  EXPECT_EQ(sweep_table(sweep),
            "temperature  weight  test errors  validation errors\n"
            "───────────  ──────  ───────────  ─────────────────  ────────────────────\n"
            "          2     0.5   90.0 ± 2.0         95.0 ± 2.0\n"
            "         20     0.5   75.0 ± 2.0         88.0 ± 2.0\n"
            "          2     0.9   80.0 ± 2.0         81.0 ± 2.0  ◀ best on validation\n"
            "         20     0.9   70.0 ± 2.0         86.0 ± 2.0\n"
            "\n"
            "temperature 2, weight 0.9 is best on validation: 81.0 ± 2.0 errors there, 80.0 ± 2.0 on test.\n"
            "Of stage distilled; mean ± standard deviation over 3 seeds (1, 2, 3).\n");
}

TEST(SweepTable, DeclaresNoWinnerWithinTheNoise) {
  // Three seeds that deviate by 2: means differ by more than noise from 4.5 on.
  EXPECT_EQ(sweep_table(grid()),
            "temperature  weight  test errors  validation errors\n"
            "───────────  ──────  ───────────  ─────────────────  ──────────────────────\n"
            "          2     0.5   90.0 ± 2.0         95.0 ± 2.0\n"
            "         20     0.5   75.0 ± 2.0         85.0 ± 2.0  within its noise\n"
            "          2     0.9   80.0 ± 2.0         81.0 ± 2.0  ◀ lowest on validation\n"
            "         20     0.9   70.0 ± 2.0         86.0 ± 2.0\n"
            "\n"
            "temperature 2, weight 0.9 has the lowest errors on validation: 81.0 ± 2.0, 80.0 ± 2.0 on test; within the "
            "noise of 3 seeds it is no "
            "better than temperature 20, weight 0.5.\n"
            "Of stage distilled; mean ± standard deviation over 3 seeds (1, 2, 3).\n");
}

TEST(SweepTable, ChoosesNothingOnTheTestSplit) {
  for (const Json& chosen_on : {Json(), Json("test")}) {
    Json sweep = grid();
    sweep["chosen_on"] = chosen_on;
    for (Json& entry : sweep["points"]) entry["results"].erase("validation");
    const std::string text = sweep_table(sweep);
    EXPECT_EQ(text.find("◀"), std::string::npos) << text;
    EXPECT_NE(text.find("no point is marked: nothing is chosen on the test split."), std::string::npos) << text;
    EXPECT_EQ(text.find("validation errors"), std::string::npos) << text;
  }
}

TEST(SweepTable, TakesTheHighestWhereMoreIsBetter) {
  Json sweep = grid();
  sweep["metric"] = "accuracy";
  double accuracy = 0.99;
  for (Json& entry : sweep["points"]) {
    accuracy -= 0.01;
    entry["results"] = {{"validation", {{"accuracy", {{"mean", accuracy}}}}}};
  }
  const std::string text = sweep_table(sweep);
  EXPECT_NE(text.find("2     0.5              98.00 %  ◀ highest on validation\n"), std::string::npos) << text;
  EXPECT_NE(text.find("how much of that is chance"), std::string::npos) << text;
}

TEST(SweepTable, SaysWhatBecameOfPointsThatAreNotDone) {
  Json sweep = grid();
  sweep["points"][2]["status"] = "failed";
  sweep["points"][2]["message"] = "the loss became NaN";
  sweep["points"][2]["run"] = "points/0003";
  sweep["points"][3] = {{"values", sweep["points"][3]["values"]}, {"status", "pending"}};
  const std::string text = sweep_table(sweep);
  EXPECT_NE(text.find("2     0.9                                  failed\n"), std::string::npos) << text;
  EXPECT_NE(text.find("20     0.9                                  pending\n"), std::string::npos) << text;
  EXPECT_NE(text.find("20     0.5   75.0 ± 2.0         85.0 ± 2.0  done     ◀ best on validation\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\ntemperature 2, weight 0.9 (points/0003) failed: the loss became NaN\n"), std::string::npos)
      << text;
}

TEST(SweepTable, SetsTheLinesOfALongMessageBelowEachOther) {
  Json sweep = grid();
  sweep["points"][2]["status"] = "failed";
  sweep["points"][2]["message"] = "epoch 3 …\nlimbeck: the loss \x1b[31m is NaN";
  EXPECT_NE(
      sweep_table(sweep).find("weight 0.9 (points/0001) failed:\n  epoch 3 …\n  limbeck: the loss ?[31m is NaN\n"),
      std::string::npos)
      << sweep_table(sweep);
}

TEST(SweepTable, WritesSettingsOfAnyKindAndCopesWithWhatIsMissing) {
  const std::string text =
      sweep_table(over({Json("soft"), Json::array({800, 800}), Json(true), Json(1 - 0.9), Json()}));
  for (const char* setting : {"\nsoft ", "\n[800,800]", "\nyes ", "\n0.1 "})
    EXPECT_NE(text.find(setting), std::string::npos) << setting << text;
  EXPECT_EQ(sweep_table(Json()), "The sweep has no points.\n");
  EXPECT_NE(sweep_table(Json::parse(R"({"keys": ["a"], "points": [null, 3]})")).find("a"), std::string::npos);
}

TEST(SweepPlot, DrawsOneLineForEachCombinationOfTheOtherKeys) {
  const auto plot = sweep_plot(grid());
  ASSERT_TRUE(plot.has_value());
  EXPECT_EQ(plot->x_label, "temperature");
  EXPECT_EQ(plot->y_label, "test errors");
  EXPECT_EQ(plot->x_scale, PlotScale::logarithmic);  // 2 to 20
  ASSERT_EQ(plot->lines.size(), 2u);
  EXPECT_EQ(plot->lines[0].name, "weight 0.5");
  EXPECT_EQ(plot->lines[1].name, "weight 0.9");
  ASSERT_EQ(plot->lines[1].points.size(), 2u);
  EXPECT_EQ(plot->lines[1].points[0].x, 2);
  EXPECT_EQ(plot->lines[1].points[0].y, 80);
  EXPECT_EQ(plot->lines[1].points[0].deviation, 2.0);
  EXPECT_FALSE(plot->lines[1].points_only);
}

TEST(SweepPlot, HasALogarithmicAxisForGeometricGrids) {
  EXPECT_EQ(sweep_plot(over({1, 2, 4}))->x_scale, PlotScale::logarithmic);
  EXPECT_EQ(sweep_plot(over({0.01, 0.03, 0.1}))->x_scale, PlotScale::logarithmic);
  EXPECT_EQ(sweep_plot(over({1, 2, 3}))->x_scale, PlotScale::linear);
  EXPECT_EQ(sweep_plot(over({10, 11, 12}))->x_scale, PlotScale::linear);
  EXPECT_EQ(sweep_plot(over({0, 2, 4}))->x_scale, PlotScale::linear);
}

TEST(SweepPlot, TakesTheFirstKeyWhoseValuesAreNumbers) {
  Json sweep = grid();
  sweep["points"][1]["values"][kTemperature] = "schedule";
  const auto plot = sweep_plot(sweep);
  EXPECT_EQ(plot->x_label, "weight");
  EXPECT_EQ(plot->lines.at(0).name, "temperature 2");
}

TEST(SweepPlot, SetsCategoriesBesideEachOtherWhereNoKeyHasNumbers) {
  const auto plot = sweep_plot(over({"soft_targets", "hints", "soft_targets"}));
  ASSERT_TRUE(plot.has_value());
  EXPECT_EQ(plot->categories, (std::vector<std::string>{"soft_targets", "hints"}));
  ASSERT_EQ(plot->lines.size(), 1u);
  EXPECT_TRUE(plot->lines[0].points_only);
  EXPECT_EQ(plot->lines[0].points.at(1).x, 0);  // sorted: the two of soft_targets first
  EXPECT_EQ(plot->lines[0].points.at(2).x, 1);
}

TEST(SweepPlot, ShowsSettingsDrawnAtRandomAsPoints) {
  Json sweep = grid();
  sweep["points"] = Json::array();
  for (int i = 1; i <= 20; ++i) sweep["points"].push_back(point({{kTemperature, i}, {kWeight, 0.01 * i}}, 70 + i, 80));
  const auto plot = sweep_plot(sweep);
  ASSERT_EQ(plot->lines.size(), 1u);
  EXPECT_EQ(plot->lines[0].points.size(), 20u);
  EXPECT_TRUE(plot->lines[0].points_only);
}

TEST(SweepPlot, WritesSharesInPercent) {
  Json sweep = grid();
  sweep["metric"] = "accuracy";
  for (Json& entry : sweep["points"])
    entry["results"] = {{"test", {{"accuracy", {{"mean", 0.98}, {"deviation", 0.01}}}}}};
  const auto plot = sweep_plot(sweep);
  EXPECT_EQ(plot->y_label, "test accuracy, %");
  EXPECT_DOUBLE_EQ(plot->lines[0].points[0].y, 98);
  EXPECT_DOUBLE_EQ(plot->lines[0].points[0].deviation.value(), 1);
}

TEST(SweepPlot, IsNotDrawnBeforeAPointIsDone) {
  Json sweep = grid();
  for (Json& entry : sweep["points"]) entry["status"] = "pending";
  EXPECT_FALSE(sweep_plot(sweep).has_value());
  EXPECT_FALSE(sweep_plot(Json()).has_value());
}

TEST(SweepReport, IsOnePageThatAsksForNothingFromOutside) {
  const TemporaryFolder folder;
  Json sweep = grid();
  sweep["points"][1]["results"]["validation"]["errors"] = number(88);
  write_json(folder.path() / "sweep.json", sweep);
  write_file(folder.path() / "points" / "0001" / "report.html", "");
  write_sweep_report(folder.path());
  const std::string page = read_file(folder.path() / "sweep.html");
  expect_balanced_tags(page);
  for (const char* outside : {"http:", "https:", "src=\"/", "href=\"/", "url(", "<script src"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("temperature 2, weight 0.9 is best on validation: 81.0 ± 2.0 errors there, 80.0 ± 2.0 on test."),
            std::string::npos);
  EXPECT_NE(page.find("<tr class=\"best\">"), std::string::npos);
  EXPECT_NE(page.find("<a href=\"points/0001/report.html\">2</a>"), std::string::npos);
  EXPECT_NE(page.find("data-plot="), std::string::npos);
  expect_balanced_tags(read_file(folder.path() / "sweep.svg"));
}

TEST(SweepReport, EscapesWhatIsMarkup) {
  const TemporaryFolder folder;
  const std::string hostile = "<img src=x onerror=alert(1)>\"'&";
  Json sweep = over({hostile, hostile + "2"});
  for (const char* field : {"name", "stage", "chosen_on", "metric"}) sweep[field] = hostile;
  for (Json& entry : sweep["points"]) {
    entry["message"] = entry["run"] = hostile;
    entry["results"] = {{"test", {{hostile, number(3)}}}, {hostile, {{hostile, number(3)}}}};
  }
  sweep["points"][1]["status"] = "failed";
  write_json(folder.path() / "sweep.json", sweep);
  write_sweep_report(folder.path());
  const std::string page = read_file(folder.path() / "sweep.html");
  EXPECT_EQ(page.find("<img src=x"), std::string::npos);
  EXPECT_GT(occurrences(page, "&lt;img src=x"), 8);
  expect_balanced_tags(page);
}

TEST(SweepReport, LeavesOutThePlotAsLongAsThereIsNone) {
  const TemporaryFolder folder;
  write_json(folder.path() / "sweep.json", {{"name", "early"}, {"keys", {"a"}}, {"points", Json::array()}});
  write_sweep_report(folder.path());
  EXPECT_FALSE(fs::exists(folder.path() / "sweep.svg"));
  expect_balanced_tags(read_file(folder.path() / "sweep.html"));
}

TEST(SweepReport, RefusesAFolderThatHoldsNoSweep) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_sweep_report(folder.path()), Error);
  write_file(folder.path() / "sweep.json", "[1, 2]");
  EXPECT_THROW(write_sweep_report(folder.path()), Error);
  write_file(folder.path() / "sweep.json", "{");
  EXPECT_THROW(write_sweep_report(folder.path()), Error);
}

}  // namespace
}  // namespace limbeck
