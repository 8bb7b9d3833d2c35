#include "recipe/recipe.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "core/files.h"
#include "experiment/components.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const std::string kMinimal = R"(name: quick
data: { source: digits }
networks: { small: { mlp: { hidden: [64] } } }
stages: [ { name: baseline, train: small } ]
)";

Recipe parse(const std::string& text, const std::vector<std::string>& settings = {}) {
  return parse_recipe(text, "r.yaml", settings, components());
}
std::string mistakes(const std::string& text, const std::vector<std::string>& settings = {}) {
  return message_of<DiagnosticsError>([&] { parse(text, settings); });
}

TEST(Recipe, NeedsNameDataNetworksAndStagesOnly) {
  const Recipe recipe = parse(kMinimal);
  EXPECT_EQ(recipe.seed, 1);
  EXPECT_EQ(recipe.stages[0].epochs, 20);
  EXPECT_EQ(recipe.stages[0].loss[0].loss.name(), "hard_labels");
  EXPECT_EQ(recipe.stages[0].optimizer.name(), "sgd");
  EXPECT_EQ(mistakes("seed: 3\n"),
            "r.yaml:1:1: the key 'name' is missing\nr.yaml:1:1: the key 'data' is missing\n"
            "r.yaml:1:1: the key 'networks' is missing\nr.yaml:1:1: the key 'stages' is missing");
}

TEST(Recipe, AStageWithATeacherLearnsSoftTargetsByDefault) {
  const Recipe recipe = parse(kMinimal, {"stages=[{name: a, train: small}, {name: b, train: small, teacher: a}]"});
  ASSERT_EQ(recipe.stages[1].loss.size(), 2U);
  EXPECT_EQ(recipe.stages[1].loss[0].loss.name(), "soft_targets");
  EXPECT_EQ(recipe.stages[1].loss[0].weight.to, 0.9);
  EXPECT_EQ(recipe.stages[1].inputs, std::vector<std::string>{"a"});
}

TEST(Recipe, TellsInputsOfNetworksAndTheirDefault) {
  const Json plain = resolve(parse(kMinimal));
  EXPECT_FALSE(plain["data"].contains("normalize"));
  EXPECT_FALSE(plain["networks"]["small"].contains("input"));
  EXPECT_EQ(resolve(parse(kMinimal, {"data.normalize=standard"})), plain);
  const Recipe recipe = parse(kMinimal, {"data.normalize={mean: 0.5, std: [0.25]}",
                                         "networks.small.input={size: 32, mean: [0.1, 0.2], std: [1, 2]}"});
  EXPECT_EQ(recipe.data.normalize.given.deviation, std::vector<double>{0.25});
  EXPECT_EQ(recipe.networks[0].input.size, std::vector<int64_t>{32});
  EXPECT_EQ(recipe.networks[0].input.statistics.mean, (std::vector<double>{0.1, 0.2}));
  EXPECT_EQ(resolve(parse_recipe(to_yaml(resolve(recipe)), "resolved", {}, components())), resolve(recipe));
  EXPECT_EQ(resolve(parse(kMinimal, {"data.normalize=none"}))["data"]["normalize"], "none");
}

TEST(Recipe, ATorchScriptFileTeachesWithoutAStageThatTrainsIt) {
  const Recipe recipe =
      parse(kMinimal, {"networks.large={torchscript: model.pt}", "stages=[{name: a, train: small, teacher: large}]"});
  EXPECT_EQ(recipe.stages[0].teachers, std::vector<std::string>{"large"});
  EXPECT_EQ(files_of(recipe.network("large")->architecture), std::vector<std::string>{"model.pt"});
  EXPECT_TRUE(recipe.network("large")->has_weights());
  EXPECT_FALSE(recipe.network("small")->has_weights());
}

TEST(Recipe, ResolvedReadsBackAsTheSameRecipe) {
  for (const auto& entry : fs::recursive_directory_iterator(LIMBECK_RECIPES)) {
    if (entry.path().extension() != ".yaml") continue;
    const Json once = resolve(parse_recipe(read_file(entry.path()), entry.path().string(), {}, components()));
    const Json twice = resolve(parse_recipe(to_yaml(once), "resolved", {}, components()));
    EXPECT_EQ(once.dump(1), twice.dump(1)) << entry.path();
  }
}

TEST(Settings, ReachIntoListsByNameByKeyAndByIndex) {
  const std::string text = kMinimal + "seed: 2\n";
  const std::string stages =
      "stages=[{name: a, train: small}, {name: b, train: small, teacher: a, loss: [hard_labels, soft_targets: {weight: "
      "0.5}]}]";
  const Recipe recipe =
      parse(text, {stages, "stages.b.loss.soft_targets.temperature=8", "stages.b.loss.hard_labels.weight=0.25",
                   "stages.0.epochs=3", "networks.small.mlp.hidden=[5, 6]", "seed=9"});
  EXPECT_EQ(resolve(recipe)["stages"][1]["loss"][1]["soft_targets"]["temperature"], 8.0);
  EXPECT_EQ(recipe.stages[1].loss[0].weight.to, 0.25);
  EXPECT_EQ(recipe.stages[0].epochs, 3);
  EXPECT_EQ(recipe.seed, 9);
  EXPECT_EQ(resolve(recipe)["networks"]["small"]["mlp"]["hidden"], (Json{5, 6}));
}

TEST(Settings, GoThroughTheSameChecks) {
  EXPECT_EQ(mistakes(kMinimal, {"stages.baseline.epohcs=3"}),
            "--set stages.baseline.epohcs=3: stages[0].epohcs: unknown key; did you mean 'epochs'?");
  EXPECT_EQ(mistakes(kMinimal, {"stages.base.epochs=3"}),
            "--set stages.base.epochs=3: no item 'base'; expected 'baseline'");
  EXPECT_EQ(mistakes(kMinimal, {"seed"}), "--set seed: expected KEY=VALUE, e.g. stages.distilled.epochs=10");
  EXPECT_EQ(mistakes(kMinimal, {"seed=x"}), "--set seed=x: seed: expected an integer, found 'x'");
}

TEST(Weights, FollowTheirSchedule) {
  const WeightRecipe linear{.from = 4, .to = 1, .epochs = 10, .shape = WeightRecipe::Shape::linear};
  EXPECT_DOUBLE_EQ(linear.at(0), 4);
  EXPECT_DOUBLE_EQ(linear.at(5), 2.5);
  EXPECT_DOUBLE_EQ(linear.at(12), 1);
  const WeightRecipe cosine{.from = 0, .to = 1, .epochs = 10, .shape = WeightRecipe::Shape::cosine};
  EXPECT_NEAR(cosine.at(5), 0.5, 1e-12);
}

// Every NAME.yaml of the folder has its whole message in NAME.txt.
TEST(BadRecipes, GiveTheWholeMessage) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(LIMBECK_TESTS) / "bad_recipes")) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string text = read_file(entry.path());
    const std::string file = entry.path().filename().string();
    const std::string message = message_of<DiagnosticsError>([&] { parse_recipe(text, file, {}, components()); });
    EXPECT_EQ(message + "\n", read_file(fs::path(entry.path()).replace_extension(".txt"))) << file;
    ++count;
  }
  EXPECT_GE(count, 8);
}

TEST(Yaml, AliasesOfAliasesDoNotGrowWithoutBound) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c)
    text += fmt::format("{}: &{} [*{}, *{}, *{}, *{}, *{}, *{}, *{}, *{}]\n", c, c, static_cast<char>(c - 1),
                        static_cast<char>(c - 1), static_cast<char>(c - 1), static_cast<char>(c - 1),
                        static_cast<char>(c - 1), static_cast<char>(c - 1), static_cast<char>(c - 1),
                        static_cast<char>(c - 1));
  EXPECT_NE(mistakes(text).find("too many values"), std::string::npos);
}

}  // namespace
}  // namespace limbeck
