#include "experiment/experiment.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "experiment/telling_examples.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

constexpr const char* kRecipe = R"(
name: small
data: { source: { digits: { train: 400, test: 100 } }, validation: 50, augment: { shift: 1 } }
networks: { large: { mlp: [32] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 2 }
  - { name: baseline, train: small, epochs: 2, augment: none }
  - { name: distilled, train: small, epochs: 2, augment: none, teacher: teacher }
paper: { teacher: { errors: 67 } }
plots: [ { title: widths, metric: errors, lines: { all: { 32: teacher, 8: baseline } } } ]
)";

class Experiments : public TemporaryFolder {
 protected:
  Json run(const std::vector<std::string>& settings = {}, const std::vector<int64_t>& seeds = {}) {
    EventBus events;
    reused.clear();
    notices.clear();
    events.subscribe([this](const Event& event) {
      if (const auto* stage = std::get_if<StageReused>(&event)) reused.push_back(stage->stage);
      if (const auto* notice = std::get_if<Notice>(&event)) notices.push_back(notice->message);
    });
    return Experiment(parse_recipe(kRecipe, "r", settings, components()), {.out = folder, .device = DeviceChoice::cpu, .seeds = seeds}, events).run();
  }
  std::vector<std::string> reused, notices;
};

TEST_F(Experiments, LeaveResultsThatOtherProgramsCanRelyOn) {
  const Json results = run();
  EXPECT_EQ(results, Json::parse(read_file(folder / "results.json")));
  EXPECT_EQ(results["name"], "small");
  EXPECT_EQ(results["paper"]["teacher"]["errors"], 67.0);
  ASSERT_EQ(results["stages"].size(), 3U);
  const Json& distilled = results["stages"][2];
  EXPECT_EQ(distilled["status"], "done");
  EXPECT_EQ(distilled["network"]["parameters"], 784 * 8 + 8 + 80 + 10);
  EXPECT_EQ(distilled["network"]["multiply_adds"], 784 * 8 + 80);
  for (const char* key : {"examples", "errors", "accuracy", "nll", "ece", "agreement", "teacher_kl"})
    EXPECT_TRUE(distilled["evaluations"]["test"][key].is_number()) << key;
  EXPECT_TRUE(results["stages"][0]["evaluations"]["test"]["agreement"].is_null());
  EXPECT_EQ(distilled["evaluations"]["validation"]["examples"], 50);
  EXPECT_TRUE(fs::exists(folder / distilled["weights"].get<std::string>()));
  EXPECT_EQ(results["plots"][0]["lines"][0]["points"][1]["y"], results["stages"][1]["evaluations"]["test"]["errors"]);
  EXPECT_EQ(Json::parse(read_file(folder / "examples.json"))["examples"].size(), 16U);
}

TEST_F(Experiments, DoNotRunAFinishedStageAgainUnlessItOrItsInputsChanged) {
  const Json first = run();
  EXPECT_EQ(run()["stages"], first["stages"]);
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher", "baseline", "distilled"}));
  run({"stages.distilled.epochs=3"});
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher", "baseline"}));
  EXPECT_EQ(notices, std::vector<std::string>{"stage 'distilled' runs again: epochs was 2, is 3"});
  run({"stages.teacher.epochs=1"});
  EXPECT_EQ(reused, std::vector<std::string>{"baseline"});
  run({"stages.teacher.epochs=1", "stages.teacher.checkpoint_seconds=5"});
  EXPECT_EQ(reused.size(), 3U);
}

TEST_F(Experiments, ReportMeanAndDeviationOverSeeds) {
  const Json results = run({}, {1, 2});
  const Json& errors = results["stages"][1]["over_seeds"]["test"]["errors"];
  const auto of_seed = [&](int seed) {
    const fs::path file = folder / ("seed-" + std::to_string(seed)) / "results.json";
    return Json::parse(read_file(file))["stages"][1]["evaluations"]["test"]["errors"].get<double>();
  };
  EXPECT_DOUBLE_EQ(errors["mean"].get<double>(), (of_seed(1) + of_seed(2)) / 2);
  EXPECT_NEAR(errors["deviation"].get<double>(), std::abs(of_seed(1) - of_seed(2)) / std::sqrt(2.0), 1e-9);
  EXPECT_EQ(results["stages"][1]["evaluations"]["test"]["errors"], errors["mean"]);
  EXPECT_EQ(results["seeds"], (Json{1, 2}));
}

TEST_F(Experiments, RepeatBitForBit) {
  run();
  const std::string weights = read_file(folder / "stages/distilled/weights.safetensors");
  fs::remove_all(folder / "stages");
  run();
  EXPECT_EQ(weights, read_file(folder / "stages/distilled/weights.safetensors"));
}

TEST_F(Experiments, UseANetworkWithWeightsOfItsOwnAsTeacher) {
  run();
  const std::string weights = (folder / "stages/teacher/weights.safetensors").string();
  const fs::path kept = folder;
  folder = kept / "second";
  const Json results = run({"networks.large.weights=" + weights, "stages.distilled.teacher=large", "stages.teacher.epochs=1"});
  EXPECT_EQ(results["stages"][2]["teacher"], "large");
  folder = kept;
  EXPECT_NE(message_of<Error>([&] { run({"networks.large.weights=/none.safetensors"}); }).find("there is no file '/none.safetensors'"), std::string::npos);
}

TEST(TellingExamples, AreRightButDoubtedAndOfEveryClass) {
  const torch::Tensor logits = torch::tensor({{9.0, 0.0}, {1.0, 0.9}, {0.0, 5.0}, {0.9, 1.0}, {2.0, 0.0}});
  EXPECT_EQ(choose_telling(logits, torch::tensor({0, 0, 1, 1, 1}), 2), (std::vector<int64_t>{1, 3}));
}

}  // namespace
}  // namespace limbeck
