#include "experiment/experiment.h"
#include "core/json.h"
#include "deploy/onnx.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <set>

#include "experiment/telling_examples.h"
#include "models/model.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "train/evaluation.h"

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
      const auto* notice = std::get_if<Notice>(&event);
      if (notice != nullptr && notice->weight == Notice::Weight::grave) notices.push_back(notice->message);
    });
    return Experiment(parse_recipe(kRecipe, "r", settings, components()),
                      {.out = folder, .device = DeviceChoice::cpu, .seeds = seeds, .reuse = reuse}, events)
        .run();
  }
  std::vector<std::string> reused, notices;
  std::vector<fs::path> reuse;
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
  const std::string kept = (folder / "previous" / "1").string();
  EXPECT_EQ(notices,
            (std::vector<std::string>{
                fmt::format("'{}' holds results of another recipe, other data or other seeds; they are kept in '{}'",
                            folder.string(), kept),
                fmt::format("stage 'distilled' runs again: epochs was 2, is 3; what it left is kept in '{}'", kept)}));
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

TEST_F(Experiments, TrainReplicasThatDifferAndMakeAnEnsemble) {
  const Json results = run({"stages.teacher.replicas=3", "stages.distilled.teacher=teacher"});
  const Json& ensemble = results["stages"][0];
  EXPECT_EQ(ensemble["network"]["description"], "3 × mlp 32");
  EXPECT_EQ(ensemble["members"].size(), 3U);
  EXPECT_FALSE(ensemble.contains("weights"));
  double errors = 0;
  std::set<std::string> weights;
  for (const Json& member : ensemble["members"]) {
    const fs::path file = folder / member["weights"].get<std::string>();
    weights.insert(read_file(file));
    errors += read_json(file.parent_path() / "stage.json")["results"]["evaluations"]["test"]["errors"].get<double>();
  }
  EXPECT_EQ(weights.size(), 3U);
  EXPECT_DOUBLE_EQ(ensemble["evaluations"]["test"]["member_errors"].get<double>(), errors / 3);
  const Json& taught = results["stages"][2]["evaluations"]["test"];
  EXPECT_EQ(taught["teacher_errors"],
            ensemble["evaluations"]["test"]["errors"]);  // the student's teacher is the ensemble
  run({"stages.teacher.replicas=3"});
  EXPECT_EQ(reused,
            (std::vector<std::string>{"teacher.1", "teacher.2", "teacher.3", "teacher", "baseline", "distilled"}));
  // Another mean is another ensemble of the same networks.
  run({"stages.teacher.replicas={count: 3, mean: arithmetic}"});
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher.1", "teacher.2", "teacher.3", "baseline"}));
  run({"stages.teacher.replicas=3", "stages.distilled.teacher=teacher.2"});
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher.1", "teacher.2", "teacher.3",
                                              "baseline"}));  // one of them can teach alone
}

TEST_F(Experiments, TrainReplicasTogether) {
  const std::vector<std::string> settings = {"stages.teacher.replicas={count: 2, together: true}",
                                             "stages.teacher.loss=[community: {temperature: 2}, hard_labels]"};
  const Json results = run(settings);
  const Json& community = results["stages"][0];
  EXPECT_EQ(community["members"].size(), 2U);
  EXPECT_TRUE(community["evaluations"]["test"]["member_errors"].is_number());
  for (const Json& member : community["members"])
    EXPECT_NO_THROW(load_model(folder / member["weights"].get<std::string>()));
  EXPECT_EQ(run(settings)["stages"], results["stages"]);
  EXPECT_EQ(reused.size(), 3U);
  const std::string weights = read_file(folder / "stages/teacher.2/weights.safetensors");
  fs::remove_all(folder / "stages");
  run(settings);
  EXPECT_EQ(read_file(folder / "stages/teacher.2/weights.safetensors"), weights);
}

TEST_F(Experiments, CalibrateTheBiasOfClassesThatWereLeftOut) {
  const std::string stages = R"([{name: teacher, train: large, epochs: 30},
    {name: no3, train: small, epochs: 30, augment: none, examples: {without: [3]}, teacher: teacher,
     loss: [soft_targets: 4]},
    {name: calibrated, calibrate: no3, classes: [3]}, {name: on_test, calibrate: no3, classes: [3], tuned_on: test}])";
  const std::vector<std::string> settings = {"stages=" + stages, "paper={}", "plots=[]",
                                             "data.source={digits: {train: 2000, test: 500}}", "data.validation=500"};
  const Json results = run(settings);
  const Json &before = results["stages"][1], &after = results["stages"][2], &on_test = results["stages"][3];
  EXPECT_GT(after["calibration"]["offset"], 0.0);
  EXPECT_LT(after["evaluations"]["validation"]["errors"], before["evaluations"]["validation"]["errors"]);
  EXPECT_EQ(after["evaluations"]["validation"]["errors"], after["calibration"]["errors_after"]);
  EXPECT_LT(after["evaluations"]["test"]["class_errors"]["3"], before["evaluations"]["test"]["class_errors"]["3"]);
  EXPECT_LE(on_test["evaluations"]["test"]["errors"], after["evaluations"]["test"]["errors"]);
  EXPECT_NE(on_test["note"].get<std::string>().find("no fair measure"), std::string::npos);
  EXPECT_EQ(after["teacher"], "teacher");
  const TensorMap was = load_tensors(folder / "stages/no3/weights.safetensors").tensors,
                  is = load_tensors(folder / "stages/calibrated/weights.safetensors").tensors;
  for (const auto& [name, value] : was) EXPECT_EQ(value.equal(is.at(name)), name != "fc2.bias") << name;
  run(settings);
  EXPECT_EQ(reused.size(), 4U);
}

TEST_F(Experiments, RoundANetworkToBytesAndTeachItUnderTheRounding) {
  const std::string stages = R"([{name: teacher, train: large, epochs: 10},
    {name: distilled, train: small, epochs: 10, augment: none, teacher: teacher},
    {name: int8, train: small, quantize: distilled},
    {name: int8_distilled, train: small, quantize: {of: distilled, examples: 100}, epochs: 2, augment: none,
     teacher: teacher}])";
  const std::vector<std::string> settings = {"stages=" + stages, "plots=[]", "paper={}",
                                             "data.source.digits.train=1000"};
  const Json results = run(settings);
  const auto errors = [&](size_t stage) {
    return results["stages"][stage]["evaluations"]["test"]["errors"].get<int64_t>();
  };
  EXPECT_NEAR(static_cast<double>(errors(2)), static_cast<double>(errors(1)), 4);
  EXPECT_EQ(results["stages"][2]["network"]["description"], "mlp 8 int8");
  EXPECT_EQ(results["stages"][2]["epochs"], 0);
  const Json& cost = results["stages"][2]["quantized"];
  EXPECT_EQ(cost["errors_before"], errors(1));
  EXPECT_EQ(cost["errors_after"], errors(2));
  EXPECT_EQ(cost.contains("onnx_bytes"), writes_onnx());
  if (writes_onnx()) {
    EXPECT_LT(cost["onnx_bytes"], cost["onnx_bytes_before"]);
  }
  EXPECT_NE(results["stages"][2]["note"].get<std::string>().find("int8: "), std::string::npos);
  EXPECT_EQ(results["stages"][3]["epochs"], 2);
  EXPECT_NE(results["stages"][2]["evaluations"]["test"]["nll"], results["stages"][1]["evaluations"]["test"]["nll"]);
  EXPECT_NE(results["stages"][3]["evaluations"]["test"]["nll"], results["stages"][2]["evaluations"]["test"]["nll"]);
  const Model model = load_model(folder / "stages/int8/weights.safetensors");
  EXPECT_TRUE(model.description.quantized);
  const auto dataset =
      choose(Slot::data, "{digits: {train: 1000, test: 100}}").make<Dataset, const DataFolders&>(DataFolders(""));
  const torch::Tensor again = predict_logits(*model.network, ExampleSet(dataset->test, "test", *dataset));
  EXPECT_EQ(evaluate(again, dataset->test.labels, {}).errors, errors(2));
  EXPECT_EQ(run(settings)["stages"], results["stages"]);
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher", "distilled", "int8", "int8_distilled"}));
}

TEST_F(Experiments, DependOnExtraExamplesOnlyWhereTheyAreSeen) {
  const std::string without = "stages.teacher.examples={extra: false}",
                    also = "stages.baseline.examples={extra: false}";
  run({without, also});
  const Json results = run({without, also, "data.extra={digits: {train: 50, test: 10, seed: 5}}"});
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher", "baseline"}));
  EXPECT_EQ(results["data"]["splits"]["train"], 400);  // 350 with labels, 50 without
  EXPECT_EQ(results["stages"][2]["evaluations"]["train"]["examples"], 350);
  run({without, also, "data.extra={digits: {train: 50, test: 10, seed: 6}}"});
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher", "baseline"}));
}

TEST_F(Experiments, StoreATeachersOutputsForEachSeed) {
  const std::string file = (folder / "outputs-{seed}.safetensors").string();
  run({"stages.distilled.teacher={network: {of: teacher, store: '" + file + "'}}"}, {1, 2});
  EXPECT_TRUE(fs::exists(folder / "outputs-1.safetensors"));
  const fs::path first = folder;
  folder = first / "second";  // the same teacher again: its outputs are read
  const Json results = run({"stages.distilled.teacher={network: {of: teacher, store: '" + file + "'}}"}, {2});
  EXPECT_EQ(results["stages"][2]["status"], "done");
  folder = first / "third";  // another teacher
  EXPECT_NE(
      message_of<Error>([&] {
        run({"stages.teacher.epochs=1", "stages.distilled.teacher={network: {of: teacher, store: '" + file + "'}}"});
      }).find("holds the outputs of another teacher"),
      std::string::npos);
  folder = first;
}

TEST_F(Experiments, TakeOverStagesOfAnotherRunWhereTheyAreTheSame) {
  const Json first = run();
  const fs::path other = folder;
  folder = folder / "second";
  reuse = {other};
  const Json second = run({"stages.distilled.epochs=3"});
  EXPECT_EQ(reused, (std::vector<std::string>{"teacher", "baseline"}));
  EXPECT_EQ(second["stages"][0], first["stages"][0]);
  EXPECT_EQ(read_file(folder / "stages/teacher/weights.safetensors"),
            read_file(other / "stages/teacher/weights.safetensors"));
  reuse = {"/nowhere"};
  EXPECT_NE(message_of<Error>([&] { run(); }).find("there is no run folder '/nowhere'"), std::string::npos);
  folder = other;
}

TEST_F(Experiments, FindMistakesAboutTeachersAndExamplesBeforeAnyTraining) {
  const auto message = [&](const std::vector<std::string>& settings) {
    return message_of<Error>([&] { run(settings); });
  };
  EXPECT_EQ(message({"stages.distilled.teacher={stored: nowhere.npy}"}).find("stage 'distilled': "), 0U);
  EXPECT_NE(message({"stages.distilled.teacher=virtual", "stages.distilled.examples={unlabelled: 0.5}"})
                .find("virtual teacher"),
            std::string::npos);
  EXPECT_NE(message({"stages.distilled.examples={classes: [12]}"}).find("class 12 does not exist"), std::string::npos);
  EXPECT_NE(message({"stages.baseline={name: baseline, calibrate: teacher, classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}",
                     "plots=[]"})
                .find("changes nothing"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              run({"stages.distilled.teacher={network: {of: teacher, store: s.safetensors}}"}, {1, 2});
            }).find("{seed}"),
            std::string::npos);
  write_file(folder / "w.safetensors", "x");
  EXPECT_THROW(run({"networks.large.weights=" + (folder / "w.safetensors").string(), "stages.distilled.teacher=large"}),
               Error);
  EXPECT_FALSE(fs::exists(folder / "stages"));
}

TEST_F(Experiments, PlotByEpochByMetricAndBesideAPapersNumbers) {
  const Json results =
      run({"plots=[{title: a, x: epoch, lines: {t: teacher}}, {title: b, x: teacher_accuracy, metric: accuracy, lines: "
           "{all: [distilled]}}, {title: c, x: stage, lines: {ours: [teacher, baseline], paper: [67, 146]}}]"},
          {1, 2});
  const Json& plots = results["plots"];
  const auto points = [&](size_t plot, size_t line) { return plots[plot]["lines"][line]["points"]; };
  ASSERT_EQ(points(0, 0).size(), 2U);
  EXPECT_EQ(points(0, 0)[1]["x"], 2);
  EXPECT_EQ(points(0, 0)[1]["y"], results["stages"][0]["evaluations"]["validation"]["errors"]);
  EXPECT_EQ(points(1, 0)[0]["x"], results["stages"][0]["evaluations"]["test"]["accuracy"]);
  EXPECT_EQ(plots[2]["categories"], (Json{"teacher", "baseline"}));
  EXPECT_EQ(points(2, 1)[1], (Json{{"x", 1.0}, {"y", 146.0}, {"deviation", nullptr}}));
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
  const Json results =
      run({"networks.large.weights=" + weights, "stages.distilled.teacher=large", "stages.teacher.epochs=1"});
  EXPECT_EQ(results["stages"][2]["teacher"], "large");
  folder = kept;
  EXPECT_NE(message_of<Error>([&] {
              run({"networks.large.weights=/none.safetensors"});
            }).find("there is no file '/none.safetensors'"),
            std::string::npos);
}

TEST(TellingExamples, AreRightButDoubtedAndOfEveryClass) {
  const torch::Tensor logits = torch::tensor({{9.0, 0.0}, {1.0, 0.9}, {0.0, 5.0}, {0.9, 1.0}, {2.0, 0.0}});
  EXPECT_EQ(choose_telling(logits, torch::tensor({0, 0, 1, 1, 1}), 2), (std::vector<int64_t>{1, 3}));
}

}  // namespace
}  // namespace limbeck
