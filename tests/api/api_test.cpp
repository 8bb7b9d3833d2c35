#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <thread>

#include "core/files.h"
#include "data/check_dataset.h"
#include "limbeck/components.h"
#include "limbeck/export.h"
#include "limbeck/predictor.h"
#include "limbeck/run.h"
#include "models/model.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

constexpr const char* kRecipe =
    "name: small\ndata: {source: {digits: {train: 600, test: 200}}}\nnetworks: {n: {mlp: [16]}, cnn: {resnet8: {}}}\n"
    "stages: [{name: s, train: n, epochs: 4, checkpoint_seconds: 0}]\n";

class Api : public TemporaryFolder {
 protected:
  RunSummary run(const std::string& name, const std::vector<std::string>& settings = {}, std::stop_token stop = {},
                 const std::function<void(const Event&)>& observer = {}) {
    return run_recipe({.text = kRecipe, .settings = settings},
                      {.out = folder / name, .device = DeviceChoice::cpu, .threads = 1, .stop = std::move(stop)},
                      observer);
  }
};

TEST_F(Api, ARunCallsItsObserverAndLeavesItsReport) {
  std::vector<std::string> seen;
  const RunSummary summary = run("a", {}, {}, [&](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) seen.push_back("started " + started->stage);
    if (const auto* epoch = std::get_if<EpochDone>(&event)) seen.push_back("epoch " + std::to_string(epoch->epoch));
    if (const auto* done = std::get_if<StageDone>(&event)) seen.push_back("done " + done->stage);
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"started s", "epoch 1", "epoch 2", "epoch 3", "epoch 4", "done s"}));
  EXPECT_TRUE(fs::exists(folder / "a/report.html"));
  EXPECT_EQ(summary.folder, folder / "a");
  EXPECT_EQ(summary.stage("s").number("test", "examples"), 200);
  EXPECT_GT(summary.stage("s").number("test", "accuracy"), 0.2);
  EXPECT_EQ(summary_of(folder / "a").stage("s").weights, summary.stage("s").weights);
  EXPECT_EQ(message_of<Error>([&] { summary.stage("t"); }), "the run has no stage 't', but 's'");
  EXPECT_NE(message_of<Error>([&] { summary.stage("s").number("test", "acuracy"); }).find("'accuracy'"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { summary.stage("s").number("tset", "accuracy"); }).find("'test'"),
            std::string::npos);
}

TEST_F(Api, AStoppedRunResumesToTheSameBits) {
  const std::string whole = read_file(run("whole").stage("s").weights.front());
  std::stop_source stop;
  const auto stops_after_two = [&](const Event& event) {
    if (const auto* epoch = std::get_if<EpochDone>(&event); epoch != nullptr && epoch->epoch == 2) stop.request_stop();
  };
  try {
    run("stopped", {}, stop.get_token(), stops_after_two);
    FAIL() << "the run did not stop";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  int64_t first_epoch = 0;
  const RunSummary resumed = run("stopped", {}, {}, [&](const Event& event) {
    if (const auto* started = std::get_if<StageStarted>(&event)) first_epoch = started->first_epoch;
  });
  EXPECT_EQ(first_epoch, 2);
  EXPECT_EQ(read_file(resumed.stage("s").weights.front()), whole);
}

TEST_F(Api, SeveralSeedsHaveAWeightFileEach) {
  const RunSummary summary = run_recipe({.text = kRecipe}, {.out = folder / "seeds", .seeds = {1, 2}});
  EXPECT_EQ(summary.stage("s").weights.size(), 2U);
  for (const fs::path& file : summary.stage("s").weights) EXPECT_TRUE(fs::exists(file)) << file;
}

TEST_F(Api, WhatAnObserverThrowsEndsTheRun) {
  EXPECT_THROW(run("thrown", {}, {}, [](const Event&) { throw std::logic_error("mine"); }), std::logic_error);
}

TEST_F(Api, MistakesOfARecipeAreToldAtOnce) {
  try {
    check_recipe({.text = kRecipe, .file = "mine.yaml", .settings = {"stages.s.epochs=no", "sed=1"}});
    FAIL() << "no mistake was found";
  } catch (const DiagnosticsError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.diagnostics().size(), 2U);
  }
  EXPECT_NE(check_recipe({.text = kRecipe}).find("batch_size: 128"), std::string::npos);
  EXPECT_THROW(load_recipe(folder / "none.yaml"), Error);
}

TEST_F(Api, ADistillationIsARecipe) {
  const Distillation distillation{.teacher = "mlp:20", .student = "mlp:8", .source = "digits", .temperature = 3};
  const std::string recipe = check_recipe(recipe_of(distillation));
  EXPECT_NE(recipe.find("temperature: 3"), std::string::npos) << recipe;
  EXPECT_THROW(recipe_of({.teacher = "mlp:20", .student = "mlp:8", .source = "digits", .size = 32}), Error);
  EXPECT_THROW(recipe_of({.teacher = "none.pt", .student = "mlp:8"}), Error);
}

TEST_F(Api, PredictionsAreTheNetworksOwn) {
  for (const char* network : {"n", "cnn"}) {
    const RunSummary summary = run(network, {"stages.s.train=" + std::string(network), "stages.s.epochs=1"});
    const fs::path file = summary.stage("s").weights.front();
    const Predictor predictor(file);
    const Model model = load_model(file);
    EXPECT_EQ(predictor.input_shape(), (std::vector<int64_t>{1, 28, 28}));
    EXPECT_EQ(predictor.classes().size(), 10U);
    EXPECT_EQ(predictor.parameter_count(), model.network->parameter_count());

    torch::manual_seed(1);
    const torch::Tensor bytes = torch::randint(0, 256, {7, 1, 28, 28}, torch::kByte);
    const torch::Tensor pixels = bytes.to(torch::kFloat) * (1.0 / 255);
    const torch::Tensor expected = torch::softmax(model.network->forward(pixels, {}).logits, 1);
    EXPECT_TRUE(predictor.probabilities(bytes).allclose(expected, 1e-4, 1e-6)) << network;
    EXPECT_TRUE(predictor.logits(pixels).softmax(1).allclose(expected, 1e-4, 1e-6)) << network;
    const std::vector<Prediction> of_floats = predictor.predict(std::span(pixels.data_ptr<float>(), 7 * 784)),
                                  of_bytes = predictor.predict(std::span(bytes.data_ptr<uint8_t>(), 7 * 784));
    ASSERT_EQ(of_floats.size(), 7U);
    for (int64_t i = 0; i < 7; ++i) {
      const Prediction& found = of_floats[static_cast<size_t>(i)];
      EXPECT_EQ(static_cast<int64_t>(found.label), expected[i].argmax().item<int64_t>());
      EXPECT_NEAR(found.probability, expected[i].max().item<double>(), 1e-5);
      EXPECT_EQ(found.probabilities, of_bytes[static_cast<size_t>(i)].probabilities);
    }
    EXPECT_TRUE(predictor.predict(std::span<const float>()).empty());
  }
}

TEST_F(Api, SeveralThreadsUseOnePredictor) {
  const Predictor predictor(run("cnn", {"stages.s.train=cnn", "stages.s.epochs=1"}).stage("s").weights.front());
  torch::manual_seed(2);
  const torch::Tensor inputs = torch::rand({16, 1, 28, 28});
  const torch::Tensor expected = predictor.logits(inputs);
  constexpr int kThreads = 4, kTimes = 20;
  std::vector<int> wrong(kThreads);
  std::vector<std::thread> threads(kThreads);
  for (size_t i = 0; i < threads.size(); ++i)
    threads[i] = std::thread([&, i] {
      for (int time = 0; time < kTimes; ++time)
        wrong[i] += predictor.logits(inputs).allclose(expected, 1e-4, 1e-5) ? 0 : 1;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(kThreads));
}

TEST_F(Api, InputsThatDoNotFitAreErrors) {
  const Predictor predictor(run("a", {"stages.s.epochs=1"}).stage("s").weights.front());
  EXPECT_EQ(message_of<Error>([&] { predictor.predict(std::vector<float>(785)); }),
            "785 numbers are not a whole number of examples; one of 1x28x28 has 784");
  EXPECT_EQ(message_of<Error>([&] {
              predictor.logits(torch::zeros({2, 28, 28}));
            }),
            "the inputs are 2x28x28; expected N examples of 1x28x28");
  EXPECT_EQ(message_of<Error>([&] {
              predictor.logits(torch::zeros({2, 1, 28, 28}, torch::kDouble));
            }),
            "the inputs are Double; expected Float or Byte");
  EXPECT_NE(message_of<Error>([&] { predictor.predict_images({folder / "none.png"}); }).find("none.png"),
            std::string::npos);
  EXPECT_THROW(Predictor(folder / "none.safetensors"), Error);
  write_file(folder / "noise.pt", std::string(2000, '\7'));
  EXPECT_THROW(Predictor(folder / "noise.pt"), Error);
}

TEST_F(Api, ExportsByTheExtension) {
  const fs::path weights = run("a", {"stages.s.epochs=1"}).stage("s").weights.front();
  for (const char* name : {"a.onnx", "a.pt", "a.safetensors"}) {
    export_model(weights, folder / name);
    EXPECT_TRUE(fs::exists(folder / name)) << name;
  }
  EXPECT_TRUE(fs::exists(folder / "a.json"));
  const torch::Tensor inputs = torch::rand({3, 1, 28, 28});
  const torch::Tensor logits = Predictor(weights).logits(inputs);
  EXPECT_TRUE(Predictor(folder / "a.safetensors").logits(inputs).allclose(logits, 1e-4, 1e-5));
  const Predictor program(folder / "a.pt", {.input_shape = {1, 28, 28}});
  EXPECT_TRUE(program.logits(inputs).allclose(logits, 1e-4, 1e-5));
  std::vector<std::thread> threads(3);
  for (std::thread& thread : threads)
    thread = std::thread([&] { EXPECT_TRUE(program.logits(inputs).allclose(logits, 1e-4, 1e-5)); });
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> names(10, "digit");
  EXPECT_EQ(Predictor(weights, {.classes = names}).classes(), names);
  EXPECT_EQ(message_of<Error>([&] {
              Predictor(weights, {.classes = {"a", "b"}});
            }),
            "the network tells 10 classes apart, and 2 names are given");
  EXPECT_NE(message_of<Error>([&] { export_model(weights, folder / "a.txt"); }).find(".onnx, .pt or .safetensors"),
            std::string::npos);
  EXPECT_THROW(export_model(weights, folder / "b.pt", {.softmax = true}), Error);
}

TEST_F(Api, ComponentsAreAddedBeforeTheFirstUse) {
  check_recipe({.text = kRecipe});
  const std::string message = message_of<Error>([] { add_components([](Catalogue&) {}); });
  EXPECT_NE(message.find("call add_components first"), std::string::npos) << message;
}

TEST(CheckDataset, NamesWhatIsWrong) {
  const auto data = [] {
    Dataset dataset;
    dataset.name = "mine";
    dataset.classes = {"a", "b"};
    dataset.train = {.inputs = torch::zeros({4, 3}), .labels = torch::tensor({0, 1, -1, 1})};
    dataset.test = {.inputs = torch::zeros({2, 3}), .labels = torch::tensor({0, 1})};
    return dataset;
  };
  check_dataset(data());
  const auto told = [&](const std::function<void(Dataset&)>& change) {
    Dataset dataset = data();
    change(dataset);
    return message_of<Error>([&] { check_dataset(dataset); });
  };
  EXPECT_EQ(told([](Dataset& it) { it.classes = {"a"}; }), "the data set 'mine' has 1 classes; expected 2 or more");
  EXPECT_EQ(told([](Dataset& it) { it.train.inputs = it.train.inputs.to(torch::kDouble); }),
            "the data set 'mine' has train.inputs of Double [4, 3] on cpu; expected Byte or Float [N, …] on the CPU");
  EXPECT_EQ(told([](Dataset& it) { it.test.inputs = torch::Tensor(); }),
            "the data set 'mine' has test.inputs of nothing; expected Byte or Float [N, …] on the CPU");
  EXPECT_EQ(told([](Dataset& it) { it.test.labels = it.test.labels.to(torch::kInt); }),
            "the data set 'mine' has test.labels of Int [2] on cpu; expected Long [N] on the CPU");
  EXPECT_EQ(told([](Dataset& it) { it.test.labels = torch::tensor({0}); }),
            "the data set 'mine' has 2 test.inputs and 1 test.labels");
  EXPECT_EQ(told([](Dataset& it) {
              it.train.labels = torch::tensor({0, 1, 2, 1});
            }),
            "the data set 'mine' has train.labels from 0 to 2; expected those of its 2 classes, from 0, and -1 for "
            "none");
  EXPECT_EQ(told([](Dataset& it) {
              it.test = {torch::zeros({0, 3}), torch::zeros({0}, torch::kLong)};
            }),
            "the data set 'mine' has no examples in test");
  EXPECT_EQ(told([](Dataset& it) { it.scale = 0; }), "the data set 'mine' has scale 0; expected a number above 0");
  EXPECT_EQ(told([](Dataset& it) { it.superclasses = {0}; }), "the data set 'mine' has 2 classes and 1 superclasses");
  EXPECT_EQ(told([](Dataset& it) {
              it.train.inputs = torch::zeros({4, 0});
            }),
            "the data set 'mine' has train.inputs of Float [4, 0] on cpu, without numbers");
  EXPECT_EQ(told([](Dataset& it) {
              it.test.inputs = torch::zeros({2, 4});
            }),
            "the data set 'mine' has train.inputs of Float [4, 3] on cpu and test.inputs of Float [2, 4] on cpu; "
            "expected examples of one shape");
}

}  // namespace
}  // namespace limbeck
