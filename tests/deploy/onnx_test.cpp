// Exported files in onnxruntime against the networks in LibTorch.
#include "deploy/onnx.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "deploy/onnxruntime.h"
#include "nn/ensembles/committee.h"
#include "nn/ensembles/specialist_ensemble.h"
#include "nn/input.h"
#include "nn/quantization.h"
#include "recipe/ensemble_mean.h"
#include "support/random_network.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

class Onnx : public OnnxruntimeTest {};

TEST_F(Onnx, EveryArchitecture) {
  const TaskShape task{{3, 32, 32}, 10};
  const torch::Tensor inputs = random_pictures(task.input);
  std::map<std::string, torch::Tensor> expected;
  for (const std::string& name : all_networks()) {
    const auto graph = choose(Slot::network, name).make<Graph, const TaskShape&>(task);
    const auto network = random_network(*graph);
    expected[name] = logits_of(*network, inputs);
    add(name, to_onnx(*network, task.input), inputs);
  }
  ASSERT_GT(expected.size(), 30U);
  run_all();
  for (const auto& [name, own] : expected) expect_same(own, output(name, inputs.size(0)), name);
}

TEST_F(Onnx, InputIsNormalisedResizedAndTakenAsBytes) {
  const Shape raw{3, 20, 24};
  const InputOptions input{.height = 32, .width = 16, .mean = {0.4, 0.5, 0.6}, .deviation = {0.2, 0.3, 0.25}};
  const auto graph =
      choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(TaskShape{shape_after(input, raw), 10});
  const auto network = random_network(with_input(*graph, input, raw));
  const torch::Tensor bytes = (random_pictures(raw) * 255).to(torch::kUInt8);
  const torch::Tensor own = logits_of(*network, bytes.to(torch::kFloat32) / 255);
  add("floats", to_onnx(*network, raw), bytes.to(torch::kFloat32) / 255);
  add("bytes", to_onnx(*network, raw, {.softmax = true, .bytes = true}), bytes);
  run_all();
  expect_same(own, output("floats", bytes.size(0)), "floats");
  expect_same(torch::softmax(own, 1), output("bytes", bytes.size(0)), "bytes");
}

/// What is rounded is computed by integers there, by rounded floats here: a value that lies between two bytes can
/// become either.
TEST_F(Onnx, BytesGiveWhatTheRoundedNetworkSays) {
  const std::vector<std::string> names = {"mlp",  "keras_student", "resnet20",     "resnet8x4",
                                          "vgg8", "mobilenetv2",   "shufflenetv2", "fitnet_mnist"};
  const TaskShape task{{3, 32, 32}, 10};
  const torch::Tensor inputs = random_pictures(task.input, 64);
  std::map<std::string, torch::Tensor> expected;
  for (const std::string& name : names) {
    const auto network = random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(task));
    const auto rounded = quantize(*network, inputs);
    expected[name] = logits_of(*rounded, inputs);
    const std::string onnx = to_onnx(*rounded, task.input), whole = to_onnx(*network, task.input);
    EXPECT_LT(static_cast<double>(onnx.size()), 0.3 * static_cast<double>(whole.size()) + 90000) << name;
    add(name, onnx, inputs);
  }
  run_all();
  for (const auto& [name, own] : expected) {
    const torch::Tensor given = output(name, 64);
    EXPECT_LT((own - given).abs().max().item<double>(), 0.03 * own.abs().max().item<double>()) << name;
  }
}

/// A bias beside weights that are next to nothing, as batch norm with a γ of 0 leaves them.
TEST_F(Onnx, BytesOfDeadOutputsKeepTheirBias) {
  const TaskShape task{{1, 8, 8}, 10};
  const torch::Tensor inputs = random_pictures(task.input, 64);
  std::map<std::string, torch::Tensor> expected;
  for (const double size : {0.0, 1e-7, 1e-4}) {
    const auto network = random_network(*choose(Slot::network, "{mlp: [16]}").make<Graph, const TaskShape&>(task));
    {
      const torch::NoGradGuard no_gradient;
      torch::Tensor weight = network->parameters()[2].value, bias = network->parameters()[3].value;
      ASSERT_EQ(bias.numel(), 10);
      weight.slice(0, 0, 5).fill_(size);
      bias.slice(0, 0, 5).fill_(3);
    }
    const auto rounded = quantize(*network, inputs);
    const std::string name = fmt::format("dead{}", size);
    expected[name] = logits_of(*rounded, inputs);
    add(name, to_onnx(*rounded, task.input), inputs);
  }
  run_all();
  for (const auto& [name, own] : expected)
    EXPECT_LT((own - output(name, 64)).abs().max().item<double>(), 0.03 * own.abs().max().item<double>()) << name;
}

TEST_F(Onnx, BatchNormIsMultipliedIntoConvolutions) {
  const TaskShape task{{3, 32, 32}, 10};
  for (const char* name : {"resnet8", "tfkd_mobilenetv2", "keras_student"}) {
    const auto network = random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(task));
    EXPECT_EQ(to_onnx(*network, task.input).find("BatchNormalization"), std::string::npos) << name;
  }
}

TEST_F(Onnx, AnEnsembleIsOneFileThatGivesItsMean) {
  const Shape shape{3, 16, 16};
  const torch::Tensor inputs = random_pictures(shape);
  std::vector<std::shared_ptr<Network>> members;
  for (const char* name : {"mlp", "resnet8", "resnet8"})
    members.push_back(random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(TaskShape{shape, 7})));
  std::map<std::string, torch::Tensor> expected;
  for (const EnsembleMean mean : {EnsembleMean::arithmetic, EnsembleMean::geometric, EnsembleMean::logits}) {
    const Committee committee(members, mean);
    const std::string name = fmt::format("mean{}", static_cast<int>(mean));
    expected[name] = logits_of(committee, inputs);
    expected[name + "p"] = torch::softmax(expected[name], 1);
    add(name, to_onnx(committee, shape), inputs);
    add(name + "p", to_onnx(committee, shape, {.softmax = true}), inputs);
  }
  run_all();
  for (const auto& [name, own] : expected) expect_same(own, output(name, inputs.size(0)), name);
  EXPECT_FALSE(torch::allclose(expected["mean0"], expected["mean1"], 1e-3));
}

TEST_F(Onnx, AGeneralistWithSpecialistsHasNone) {
  const auto graph = choose(Slot::network, "mlp").make<Graph, const TaskShape&>(TaskShape{{1, 8, 8}, 3});
  const SpecialistEnsemble ensemble(random_network(*graph),
                                    {{.classes = {0, 1}, .full = true, .network = random_network(*graph)}}, {});
  EXPECT_NE(message_of<Error>([&] { to_onnx(ensemble, {1, 8, 8}); }).find("specialists"), std::string::npos);
}

}  // namespace
}  // namespace limbeck
