#include "serve/recipe_differences.h"

#include <gtest/gtest.h>

namespace limbeck {
namespace {

Json recipe(int epochs, const Json& loss) {
  return {{"name", "r"},
          {"data", {{"source", {{"digits", {{"seed", 0}}}}}}},
          {"stages", {{{"name", "distilled"}, {"epochs", epochs}, {"loss", {loss}}}}}};
}

TEST(RecipeDifferences, AreNamedAsSettingsAre) {
  const Json soft = {{"soft_targets", {{"temperature", 4}}}}, softer = {{"soft_targets", {{"temperature", 8}}}};
  EXPECT_EQ(recipe_differences({recipe(3, soft), recipe(3, soft)}), Json::array());
  EXPECT_EQ(recipe_differences({recipe(3, soft), recipe(5, softer)}),
            Json::parse(R"([{"key": "stages.distilled.epochs", "values": ["3", "5"]},
                            {"key": "stages.distilled.loss.soft_targets.temperature", "values": ["4", "8"]}])"));
}

TEST(RecipeDifferences, WhatOneLacksAltogetherIsOneEntry) {
  Json longer = recipe(3, {{"hard_labels", {{"weight", 1}}}});
  longer["stages"].push_back({{"name", "second"}, {"epochs", 1}, {"loss", Json::array()}});
  longer["plots"] = Json::array({"not compared"});
  EXPECT_EQ(recipe_differences({recipe(3, {{"hard_labels", {{"weight", 1}}}}), longer}),
            Json::parse(R"([{"key": "stages.second", "values": [null, "there"]}])"));
  EXPECT_EQ(recipe_differences({longer, Json()}).size(), 3u) << "one is not known";
}

}  // namespace
}  // namespace limbeck
