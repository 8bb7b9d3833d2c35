#include "report/plots/svg_plot.h"
#include "core/error.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "report/plots/plot_layout.h"
#include "report/plots/plot_style.h"
#include "report/run_fixture.h"
#include "report/text_table.h"

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

SvgPlot stages(const std::vector<std::string>& names) {
  SvgPlot plot;
  plot.y_label = "test errors";
  plot.categories = names;
  SvgPlot::Line ours{.name = "ours", .points = {}, .colour = 0, .points_only = true};
  for (size_t i = 0; i < names.size(); ++i)
    ours.points.push_back({static_cast<double>(i), 70.0 + static_cast<double>(i)});
  SvgPlot::Line paper = ours;
  paper.name = "paper";
  plot.lines = {ours, paper};
  return plot;
}

TEST(CategoricalPlot, WritesTheNamesAtEqualDistances) {
  const SvgPlot plot = stages({"teacher", "baseline", "distilled"});
  const std::string svg = standalone_svg(plot);
  for (const char* name : {">teacher</text>", ">baseline</text>", ">distilled</text>"})
    EXPECT_NE(svg.find(name), std::string::npos) << name;
  const PlotLayout layout = lay_out(plot, PlotTitle::outside);
  EXPECT_NEAR(layout.x_at(1) - layout.x_at(0), layout.x_at(2) - layout.x_at(1), 1e-9);
  EXPECT_GT(layout.x_at(0), layout.left + 20);
  EXPECT_NE(svg_plot(plot).find("categories"), std::string::npos) << "for the page's script";
}

TEST(CategoricalPlot, SetsTheLinesPointsBesideEachOther) {
  const SvgPlot plot = stages({"teacher", "baseline"});
  const PlotLayout layout = lay_out(plot, PlotTitle::outside);
  EXPECT_DOUBLE_EQ(layout.sideways[0], -layout.sideways[1]);
  EXPECT_GE(layout.sideways[1] - layout.sideways[0], 10);  // dots are 8 px wide
  const std::string svg = standalone_svg(plot);
  EXPECT_NE(svg.find(fmt::format("cx=\"{:.1f}\"", layout.x_at(0) + layout.sideways[0])), std::string::npos) << svg;
}

TEST(CategoricalPlot, BreaksNamesThatDoNotFitInOneLine) {
  const CategoryLabels labels = category_labels({"teacher", "distilled: errors on 3", "without-3-raised"}, 90);
  EXPECT_FALSE(labels.slanted);
  EXPECT_EQ(labels.lines[0], (std::vector<std::string>{"teacher"}));
  EXPECT_EQ(labels.lines[1], (std::vector<std::string>{"distilled:", "errors on 3"}));
  EXPECT_EQ(labels.lines[2], (std::vector<std::string>{"without-3-", "raised"}));
  EXPECT_EQ(labels.height, 17 + kCategoryLineHeight);
}

TEST(CategoricalPlot, NeverLetsNamesOverlapOrLeaveTheChart) {
  for (const size_t count : {2u, 5u, 9u, 40u, 150u}) {
    SvgPlot plot = stages(std::vector<std::string>(count, "student_with_a_very_long_name_that_does_not_end_soon"));
    plot.width = 480;
    const PlotLayout layout = lay_out(plot, PlotTitle::outside);
    const double slot = layout.x_at(1) - layout.x_at(0);
    double last = -1e9;
    ASSERT_GT(slot, 0) << count;
    for (size_t i = 0; i < count; ++i) {
      if (layout.categories.lines[i].empty()) continue;
      const double place = layout.x_at(static_cast<double>(i));
      if (!layout.categories.slanted) {
        for (const std::string& line : layout.categories.lines[i]) EXPECT_LE(text_width(line), slot) << count;
        continue;
      }
      const double width = text_width(layout.categories.lines[i].front());
      EXPECT_LE(width, text_width(std::string(36, 'x'))) << "not cut";
      EXPECT_GE((place - last) * std::sin(kSlant * std::numbers::pi / 180), kCategoryLineHeight - 1e-6) << count;
      EXPECT_GE(place - width * std::cos(kSlant * std::numbers::pi / 180), 0) << count;
      last = place;
    }
    expect_balanced_tags(svg_plot(plot));
  }
}

TEST(CategoricalPlot, CutsNamesBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 60; ++i) name += "ü";
  const std::string cut = category_labels({name}, 20).lines[0][0];
  EXPECT_EQ(terminal_width(cut), 36u);
  EXPECT_EQ(cut.size(), 35 * 2 + 3u);  // 35 characters of two bytes, and "…"
}

TEST(SvgPlot, DrawsPointsAloneWithoutStrokes) {
  SvgPlot plot = temperatures();
  for (SvgPlot::Line& line : plot.lines) line.points_only = true;
  const std::string svg = standalone_svg(plot);
  EXPECT_EQ(occurrences(svg, "<path class=\"line"), 0);
  EXPECT_EQ(occurrences(svg, "<circle class=\"dot c1\""), 3 + 1);  // and one in the legend
}

/// A curve over that many epochs, with deviations.
SvgPlot::Line epochs(int count) {
  SvgPlot::Line line{.name = "distilled", .points = {}};
  for (int epoch = 1; epoch <= count; ++epoch) line.points.push_back({1.0 * epoch, 100.0 / epoch, 2.0});
  return line;
}

TEST(SvgPlot, DrawsHundredsOfPointsAsACurveInABand) {
  SvgPlot plot;
  plot.lines.push_back(epochs(300));
  const std::string svg = standalone_svg(plot);
  EXPECT_EQ(occurrences(svg, "<path class=\"band c1\""), 1);
  EXPECT_EQ(occurrences(svg, "<path class=\"error"), 0);
  EXPECT_EQ(occurrences(svg, "<circle"), 0);
  plot.lines.front().points_only = true;
  EXPECT_EQ(occurrences(standalone_svg(plot), "<circle class=\"dot small c1\""), 300);
}

}  // namespace
}  // namespace limbeck
