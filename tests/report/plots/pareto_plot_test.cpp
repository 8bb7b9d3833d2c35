#include "report/plots/pareto_plot.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "report/plots/category_labels.h"
#include "report/plots/plot_layout.h"

namespace limbeck {
namespace {

using namespace report_test;

BenchRow model(const std::string& name, double latency, std::optional<double> accuracy) {
  BenchRow model;
  model.row.name = name;
  model.row.accuracy = accuracy;
  model.row.cost = Cost{.latency = {.median = latency}, .throughput = {}};
  return model;
}

TEST(ParetoFront, HoldsWhatNothingBeats) {
  const std::vector<Tradeoff> tradeoffs = {{5, 0.99}, {1, 0.90}, {2, 0.95}, {3, 0.94},
                                           {2, 0.93}, {6, 0.99}, {0.5, 0.2}};
  EXPECT_EQ(pareto_front(tradeoffs), (std::vector<size_t>{6, 1, 2, 0}));
}

TEST(ParetoFront, HoldsAllThatAreEqual) {
  EXPECT_EQ(pareto_front({{1, 0.9}, {1, 0.9}}), (std::vector<size_t>{0, 1}));
  EXPECT_TRUE(pareto_front({}).empty());
}

TEST(ParetoPlot, MarksAndJoinsTheFront) {
  std::vector<BenchRow> models = {model("teacher", 4, 0.99), model("student", 0.5, 0.97), model("poor", 1, 0.9),
                                  model("unknown", 1, std::nullopt)};
  mark_pareto_front(models);
  EXPECT_EQ(models[0].on_front, true);
  EXPECT_EQ(models[1].on_front, true);
  EXPECT_EQ(models[2].on_front, false);
  EXPECT_TRUE(models[3].on_front == std::nullopt);
  const auto plot = pareto_plot(models);
  ASSERT_TRUE(plot.has_value());
  ASSERT_EQ(plot->lines.size(), 2u);
  EXPECT_TRUE(plot->lines[0].points_only);
  ASSERT_EQ(plot->lines[1].points.size(), 2u);
  EXPECT_EQ(plot->lines[1].points[0].label, "student");
  EXPECT_EQ(plot->lines[1].points[1].y, 99);
  const std::string svg = standalone_svg(*plot);
  expect_balanced_tags(svg);
  for (const char* name : {">teacher</text>", ">student</text>", ">poor</text>"})
    EXPECT_NE(svg.find(name), std::string::npos) << name;
  EXPECT_EQ(svg.find("unknown"), std::string::npos);
}

TEST(ParetoPlot, IsNotDrawnWithoutAccuracies) {
  std::vector<BenchRow> models = {model("a", 1, std::nullopt)};
  mark_pareto_front(models);
  EXPECT_FALSE(pareto_plot(models).has_value());
}

TEST(ParetoPlot, DrawsOneNetworkAlone) {
  std::vector<BenchRow> models = {model("<only>", 1, 0.5)};
  mark_pareto_front(models);
  const std::string svg = standalone_svg(pareto_plot(models).value());
  expect_balanced_tags(svg);
  EXPECT_NE(svg.find("&lt;only&gt;"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(PointLabels, HideNeitherDotsNorEachOtherNorLeaveTheFrame) {
  std::vector<BenchRow> models;
  for (int i = 0; i < 12; ++i)
    models.push_back(model("network number " + std::to_string(i), 1 + 0.2 * i, 0.9 + 0.004 * (i % 5)));
  mark_pareto_front(models);
  const PlotLayout layout = lay_out(pareto_plot(models).value(), PlotTitle::inside);
  ASSERT_EQ(layout.point_labels.size(), 12u);
  for (size_t i = 0; i < layout.point_labels.size(); ++i) {
    const PointLabel& label = layout.point_labels[i];
    const double width = text_width(label.text), left = label.ends_there ? label.x - width : label.x;
    EXPECT_GE(left, layout.left) << label.text;
    EXPECT_LE(left + width, layout.right) << label.text;
    for (size_t j = 0; j < i; ++j) {
      const PointLabel& other = layout.point_labels[j];
      const double other_width = text_width(other.text),
                   other_left = other.ends_there ? other.x - other_width : other.x;
      const bool apart =
          std::abs(label.y - other.y) >= 12 || left >= other_left + other_width || other_left >= left + width;
      EXPECT_TRUE(apart) << label.text << " over " << other.text;
    }
  }
}

}  // namespace
}  // namespace limbeck
