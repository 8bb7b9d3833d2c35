#include "serve/run_progress.h"
#include "core/claim.h"
#include "core/json.h"

#include "serve/live_page.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

constexpr const char* kRecipe = R"(
name: two
data: { source: digits }
networks: { large: { mlp: [8] }, small: { mlp: [4] } }
stages:
  - { name: ensemble, train: large, epochs: 10, replicas: 2 }
  - { name: distilled, train: small, epochs: 4, teacher: ensemble }
)";

class RunProgressTest : public TemporaryFolder {
 protected:
  RunProgressTest() { write_file(folder / "run/recipe.yaml", kRecipe); }

  void add_epoch(const std::string& stage, int64_t epoch, int64_t epochs, double seconds) {
    append_line(folder / "run" / stage / "metrics.jsonl", Json{{"epoch", epoch},
                                                               {"epochs", epochs},
                                                               {"seconds", seconds},
                                                               {"examples_per_second", 500.0},
                                                               {"train", {{"loss", 0.5}, {"accuracy", 0.9}}},
                                                               {"terms", {{"soft_targets", 0.25}}}}
                                                              .dump());
  }
  void finish(const std::string& stage) { write_file(folder / "run" / stage / "stage.json", "{}"); }
  ServedRun run() const { return ServedRun("run", folder / "run"); }
  RunProgress progress() const { return run_progress(run(), recipe_of(run())); }
};

TEST_F(RunProgressTest, WaitsBeforeAnythingIsTrained) {
  EXPECT_EQ(progress().state, StageState::waiting);
  ASSERT_EQ(progress().stages.size(), 2u);
  EXPECT_EQ(progress().stages[0].parts, 3);  // two members, and what is made of them
}

TEST_F(RunProgressTest, TellsWhichMemberIsTrainedAndForHowLong) {
  write_file(folder / "run/stages/ensemble.1/metrics.jsonl", "");
  finish("stages/ensemble.1");
  write_file(folder / "run/stages/ensemble.2/metrics.jsonl", "");
  add_epoch("stages/ensemble.2", 1, 10, 100);
  for (int64_t epoch = 2; epoch <= 4; ++epoch) add_epoch("stages/ensemble.2", epoch, 10, 2);
  const FolderLock lock(folder / "run");
  const StageProgress ensemble = progress().stages[0];
  EXPECT_EQ(progress().state, StageState::training);
  EXPECT_EQ(ensemble.state, StageState::training);
  EXPECT_EQ(ensemble.under_way, "network 2 of 2");
  EXPECT_EQ(ensemble.parts_done, 1);
  EXPECT_EQ(ensemble.epoch, 4);
  EXPECT_NEAR(ensemble.share, 1.4 / 3, 1e-9);
  ASSERT_TRUE(ensemble.seconds_left);
  EXPECT_NEAR(*ensemble.seconds_left, 6 * 2, 1e-9);  // by the last three epochs: the slow first one is forgotten
  EXPECT_EQ(progress().stages[1].state, StageState::waiting);
}

TEST_F(RunProgressTest, WithoutAProcessItIsStopped) {
  write_file(folder / "run/stages/ensemble.1/metrics.jsonl", "");
  add_epoch("stages/ensemble.1", 1, 10, 2);
  EXPECT_EQ(progress().state, StageState::stopped);
  EXPECT_EQ(progress().stages[0].state, StageState::stopped);
}

TEST_F(RunProgressTest, IsDoneWhenAllStagesAre) {
  for (const char* stage : {"stages/ensemble.1", "stages/ensemble.2", "stages/ensemble", "stages/distilled"})
    finish(stage);
  write_file(folder / "run/results.json", "{}");
  EXPECT_EQ(progress().state, StageState::done);
}

TEST_F(RunProgressTest, AnUnreadableRecipeLeavesTheFoldersNames) {
  write_file(folder / "run/recipe.yaml", "of: another version");
  finish("stages/distilled");
  ASSERT_EQ(progress().stages.size(), 1u);
  EXPECT_EQ(progress().stages[0].name, "distilled");
}

TEST_F(RunProgressTest, ResultsSoFarAreMeansOverTheSeedsThatHaveThem) {
  fs::remove(folder / "run/recipe.yaml");
  const auto results = [](int64_t seed, std::vector<double> errors) {
    Json json = {{"name", "two"}, {"seed", seed}, {"stages", Json::array()}};
    const std::vector<std::string> names = {"ensemble", "distilled"};
    for (size_t i = 0; i < errors.size(); ++i)
      json["stages"].push_back({{"name", names[i]},
                                {"status", "done"},
                                {"evaluations", {{"test", {{"examples", 100}, {"errors", errors[i]}}}}}});
    return json.dump();
  };
  write_file(folder / "run/seed-1/recipe.yaml", kRecipe);
  write_file(folder / "run/seed-1/results.json", results(1, {10, 20}));
  write_file(folder / "run/seed-2/results.json", results(2, {14}));
  const ReportedRun live = live_results(run(), progress(), recipe_of(run()));
  EXPECT_EQ(live.seeds, (std::vector<int64_t>{1, 2}));
  EXPECT_DOUBLE_EQ(live.stages[0].measure("test", "errors")->mean, 12);
  EXPECT_NEAR(*live.stages[0].measure("test", "errors")->deviation, 2.8284271, 1e-6);
  EXPECT_DOUBLE_EQ(live.stages[1].measure("test", "errors")->mean, 20);
  EXPECT_FALSE(live.stages[1].measure("test", "errors")->deviation);
}

TEST_F(RunProgressTest, ThePageHasTheCurvesOfEachTermBeforeThereAreResults) {
  write_file(folder / "run/stages/distilled/metrics.jsonl", "");
  add_epoch("stages/distilled", 1, 4, 1);
  add_epoch("stages/distilled", 2, 4, 1);
  append_line(folder / "run/stages/distilled/metrics.jsonl", R"({"epoch": 3, "ep)");
  const Json page = live_page(run());
  EXPECT_EQ(page["report"], false);
  EXPECT_EQ(page["stages"][1]["epoch"], 2);
  EXPECT_NE(page["sections"].dump().find("soft_targets"), std::string::npos);
}

}  // namespace
}  // namespace limbeck
