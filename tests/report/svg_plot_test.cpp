#include "report/svg_plot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "report/plot_layout.h"
#include "run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

TEST(Ticks, AreRoundNumbersWithinTheRange) {
  EXPECT_EQ(linear_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(linear_ticks(1, 100, 5), (std::vector<double>{20, 40, 60, 80, 100}));
  EXPECT_EQ(logarithmic_ticks(1, 100, 7), (std::vector<double>{1, 2, 5, 10, 20, 50, 100}));
  EXPECT_EQ(logarithmic_ticks(1, 100, 3), (std::vector<double>{1, 10, 100}));
}

TEST(Ticks, ComeToAnEndForAnyRange) {
  EXPECT_LE(linear_ticks(1e17, 1e17 + 16, 5).size(), 6u);
  EXPECT_LE(linear_ticks(-1e308, 1e308, 5).size(), 6u);
  EXPECT_LE(linear_ticks(3, 3, 5).size(), 1u);
  EXPECT_LE(logarithmic_ticks(1e-300, 1e300, 5).size(), 6u);
}

TEST(Ticks, AreWrittenShort) {
  EXPECT_EQ(tick_label(0.05), "0.05");
  EXPECT_EQ(tick_label(60000), "60,000");
  EXPECT_EQ(tick_label(1e-5), "1e-5");
  EXPECT_EQ(tick_label(0), "0");
}

TEST(PlotAxis, PlacesValuesOnBothScales) {
  const PlotAxis linear = PlotAxis::exactly(0, 10, PlotScale::linear, 5);
  EXPECT_DOUBLE_EQ(linear.place(2.5, 0, 100), 25);
  EXPECT_DOUBLE_EQ(linear.place(20, 0, 100), 100);  // outside: at the border
  const PlotAxis logarithmic = PlotAxis::exactly(1, 100, PlotScale::logarithmic, 5);
  EXPECT_NEAR(logarithmic.place(10, 0, 100), 50, 1e-9);
  EXPECT_DOUBLE_EQ(logarithmic.place(0, 0, 100), 0);  // nothing is at zero: the border again
}

TEST(PlotAxis, StartsAtZeroWhereThatIsNear) {
  EXPECT_EQ(PlotAxis::over({10, 90}, PlotScale::linear, 5).low(), 0);
  EXPECT_GT(PlotAxis::over({80, 90}, PlotScale::linear, 5).low(), 70);
}

TEST(PlotAxis, CopesWithNoValuesOneValueAndZeros) {
  EXPECT_EQ(PlotAxis::over({}, PlotScale::logarithmic, 5).high(), 1);
  EXPECT_LT(PlotAxis::over({5}, PlotScale::linear, 5).low(), 5);
  EXPECT_GT(PlotAxis::over({0, 0.01, 1}, PlotScale::logarithmic, 5).low(), 0);
  EXPECT_TRUE(std::isfinite(PlotAxis::over({0, 0}, PlotScale::linear, 5).place(0, 0, 1)));
}

SvgPlot temperatures() {
  SvgPlot plot;
  plot.title = "Errors <by> temperature";
  plot.x_label = "temperature";
  plot.y_label = "test errors";
  plot.x_scale = PlotScale::logarithmic;
  plot.lines.push_back({.name = "300 \"units\"", .points = {{1, 146}, {8, 80, 4.2}, {20, 74, 3.1}}, .colour = 0});
  plot.lines.push_back({.name = "30 units", .points = {{1, 160}, {8, 150}, {20, 75}}, .colour = 1});
  return plot;
}

TEST(SvgPlot, IsWellFormedAndEscapesItsNames) {
  for (const std::string& svg : {svg_plot(temperatures()), standalone_svg(temperatures())}) {
    expect_balanced_tags(svg);
    EXPECT_EQ(svg.find("<by>"), std::string::npos);
    EXPECT_NE(svg.find("300 &quot;units&quot;"), std::string::npos);
  }
  EXPECT_NE(standalone_svg(temperatures()).find("Errors &lt;by&gt; temperature</text>"), std::string::npos);
}

TEST(SvgPlot, StandsAloneWithItsOwnStyleForLightAndDark) {
  const std::string svg = standalone_svg(temperatures());
  EXPECT_EQ(svg.find("<svg xmlns=\"http://www.w3.org/2000/svg\""), 0u);
  EXPECT_NE(svg.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_EQ(occurrences(svg, "http"), 1);  // the name of the format only
}

TEST(SvgPlot, DrawsADotAndAnErrorBarForEachPointThatHasThem) {
  const std::string svg = standalone_svg(temperatures());
  EXPECT_EQ(occurrences(svg, "<circle class=\"dot c1\""), 3);
  EXPECT_EQ(occurrences(svg, "<path class=\"error c1\""), 1);
  EXPECT_EQ(occurrences(svg, "<path class=\"error c2\""), 0);
}

TEST(SvgPlot, LabelsALogarithmicAxisWithTheValuesThatWereTried) {
  const std::string svg = standalone_svg(temperatures());
  for (const char* label : {">1</text>", ">8</text>", ">20</text>"})
    EXPECT_NE(svg.find(label), std::string::npos) << label;
}

TEST(SvgPlot, KeepsNamesAtTheEndsOfLinesApart) {
  const PlotLayout layout = lay_out(temperatures(), PlotTitle::outside);  // the lines end at 74 and 75
  ASSERT_EQ(layout.names.size(), 2u);
  EXPECT_GE(std::abs(layout.names[0].y - layout.names[1].y), 14);
  EXPECT_GT(layout.names[0].x, layout.right);
}

TEST(SvgPlot, KeepsManyNamesAtTheEndsApartAndWithinTheFrame) {
  for (const double end : {1.0, 80.0, 160.0}) {  // at the lower border, in the middle, at the upper border
    SvgPlot plot = temperatures();
    plot.lines.resize(1);
    for (int i = 0; i < 6; ++i) plot.lines.push_back({.name = "x", .points = {{1, 10}, {20, end + i * 0.01}}});
    const PlotLayout layout = lay_out(plot, PlotTitle::outside);
    ASSERT_EQ(layout.names.size(), 7u);
    for (size_t i = 0; i < layout.names.size(); ++i) {
      EXPECT_GE(layout.names[i].y, layout.top - 10) << "lines end at " << end;
      EXPECT_LE(layout.names[i].y, layout.bottom + 5) << "lines end at " << end;
      if (i == 0) continue;
      EXPECT_GE(layout.names[i].y - layout.names[i - 1].y, 14) << "lines end at " << end;
    }
  }
}

TEST(SvgPlot, UsesALegendWhereLinesEndAtDifferentPlaces) {
  SvgPlot plot = temperatures();
  plot.lines[1].points.pop_back();
  const PlotLayout layout = lay_out(plot, PlotTitle::outside);
  for (const PlotLayout::Name& name : layout.names) EXPECT_LT(name.y, layout.top);
}

TEST(SvgPlot, GivesTheScriptItsNumbers) {
  const std::string svg = svg_plot(temperatures());
  EXPECT_NE(svg.find("[8.0,80.0,4.2]"), std::string::npos) << svg;
  EXPECT_EQ(standalone_svg(temperatures()).find("data-plot"), std::string::npos);
}

TEST(SvgPlot, DrawsOnlyFiniteNumbersWhateverItIsGiven) {
  SvgPlot plot;
  plot.y_scale = PlotScale::logarithmic;
  plot.lines.push_back({.name = "zeros", .points = {{0, 0}, {0, 0, 5.0}}});
  plot.lines.push_back({.name = "none", .points = {}});
  plot.lines.push_back({.name = "far", .points = {{1e300, 1e300}, {-1e300, 1e-300}}});
  const std::string svg = svg_plot(plot);
  expect_balanced_tags(svg);
  EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
  EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
  expect_balanced_tags(svg_plot(SvgPlot{}));
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
  write_single_run(folder.path(), 1, {});
  write_plots(folder.path());
  EXPECT_FALSE(fs::exists(folder.path() / "plots"));
  EXPECT_THROW(write_plots(folder.path() / "stages"), Error);
}

}  // namespace
}  // namespace limbeck
