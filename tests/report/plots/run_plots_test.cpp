#include "report/plots/run_plots.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "report/plots/paper_plot.h"
#include "report/plots/plot_style.h"
#include "report/run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

TEST(PlotOf, DrawsThePaperInGreyAndGivesItNoHue) {
  ReportedPlot figure;
  figure.points_only = true;
  for (const char* name : {"a", "paper", "b"}) figure.lines.push_back({.name = name, .points = {{.x = 1, .y = 2}}});
  const SvgPlot plot = plot_of(figure);
  EXPECT_EQ(plot.lines[0].colour, 0);
  EXPECT_EQ(plot.lines[1].colour, kNeutralColour);
  EXPECT_EQ(plot.lines[2].colour, 1);
  EXPECT_TRUE(plot.lines[2].points_only);
  EXPECT_NE(standalone_svg(plot).find("<circle class=\"dot c0\""), std::string::npos);
}

TEST(PlotOf, DrawsNoStrokesBetweenCategories) {
  Json results = single_results(1, {});
  results["plots"] = {{{"title", "stages"},
                       {"categories", {"teacher", "distilled"}},
                       {"lines", {{{"name", "errors"}, {"points", {{{"x", 0}, {"y", 7}}, {{"x", 1}, {"y", 9}}}}}}}}};
  const SvgPlot plot = plot_of(parse_reported_run(results).plots.at(0));
  EXPECT_EQ(plot.categories, (std::vector<std::string>{"teacher", "distilled"}));
  EXPECT_TRUE(plot.lines.at(0).points_only);
  EXPECT_LT(plot.width, categorical_width(9));
}

TEST(PaperPlot, SetsThePapersErrorsBesideOurs) {
  Json results = richer_results({7, 20, 9});
  results["paper"]["distilled"]["member_errors"] = 11;
  results["paper"]["distilled"]["nll"] = 0.1;  // no count of errors
  const auto plot = paper_plot(parse_reported_run(results));
  ASSERT_TRUE(plot.has_value());
  EXPECT_EQ(plot->categories,
            (std::vector<std::string>{"teacher", "distilled", "distilled: errors on 3", "distilled: members' errors"}));
  ASSERT_EQ(plot->lines.size(), 2u);
  EXPECT_EQ(plot->lines[0].name, "ours");
  EXPECT_EQ(plot->lines[0].points.at(2).y, 14);
  EXPECT_EQ(plot->lines[1].name, "paper");
  EXPECT_EQ(plot->lines[1].points.at(2).y, 133);
  EXPECT_EQ(plot->lines[1].colour, kNeutralColour);
  EXPECT_EQ(plot->y_scale, PlotScale::logarithmic);  // 6 to 133
  EXPECT_EQ(plot->y_label, "test errors (log scale)");
}

TEST(PaperPlot, HasTheSeedsDeviationsAsErrorBars) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path(), {{67, 140, 80}, {71, 150, 70}});
  const auto plot = paper_plot(read_reported_run(folder.path()));
  ASSERT_TRUE(plot.has_value());
  EXPECT_NEAR(plot->lines[0].points.at(0).deviation.value(), 2.828, 1e-3);
  EXPECT_FALSE(plot->lines[1].points.at(0).deviation.has_value());
}

TEST(PaperPlot, IsNotDrawnWithoutAPaperOrWithoutOurNumbers) {
  Json results = single_results(1, {});
  results["paper"] = {{"teacher", {{"nll", 0.1}}}};
  EXPECT_FALSE(paper_plot(parse_reported_run(results)).has_value());
  results = single_results(1, {});
  for (Json& stage : results["stages"]) stage["evaluations"] = Json::object();
  EXPECT_FALSE(paper_plot(parse_reported_run(results)).has_value());
}

TEST(PaperPlot, ShowsAccuraciesWhereThePaperGivesNoErrors) {
  Json results = single_results(1, {});
  results["paper"] = {{"teacher", {{"accuracy", 0.99}}}};
  const auto plot = paper_plot(parse_reported_run(results));
  ASSERT_TRUE(plot.has_value());
  EXPECT_EQ(plot->y_label, "test accuracy");
  EXPECT_EQ(plot->categories, std::vector<std::string>{"teacher"});
  EXPECT_EQ(plot->lines[1].points.at(0).y, 0.99);
}

TEST(WritePlots, WritesThePapersNumbersBesideOurs) {
  const TemporaryFolder folder;
  Json results = single_results(1, {});
  results["plots"] = {{{"title", "Paper"}, {"lines", Json::array()}}};
  write_json(folder.path() / "results.json", results);
  write_plots(folder.path());
  EXPECT_NE(read_file(folder.path() / "plots" / "paper.svg").find("distilled"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder.path() / "plots" / "paper-2.svg"));
}

TEST(WritePlots, WritesOneFileForEachFigureUnderItsTitle) {
  const TemporaryFolder folder;
  Json results = single_results(1, {});
  const Json figure = {
      {"title", "Errors by T (300 units)"},
      {"x_label", "T"},
      {"log_x", true},
      {"lines", {{{"name", "a"}, {"points", {{{"x", 2}, {"stage", "b"}, {"y", 5}, {"deviation", nullptr}}}}}}}};
  results["plots"] = {figure, figure, {{"title", "../../etc"}, {"lines", Json::array()}}, {{"title", "…"}}};
  write_json(folder.path() / "results.json", results);
  write_plots(folder.path());
  for (const char* name : {"errors-by-t-300-units.svg", "errors-by-t-300-units-2.svg", "etc.svg", "unnamed.svg"})
    EXPECT_TRUE(fs::exists(folder.path() / "plots" / name)) << name;
}

TEST(WritePlots, WritesNothingForARunWithoutFigures) {
  const TemporaryFolder folder;
  Json results = single_results(1, {});
  results.erase("paper");
  write_json(folder.path() / "results.json", results);
  write_plots(folder.path());
  EXPECT_FALSE(fs::exists(folder.path() / "plots"));
  EXPECT_THROW(write_plots(folder.path() / "stages"), Error);
}

}  // namespace
}  // namespace limbeck
