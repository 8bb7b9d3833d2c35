// Graphs as TorchScript programs, and these as ONNX.
#include "deploy/graph_torchscript.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "deploy/onnx.h"
#include "deploy/onnxruntime.h"
#include "nn/quantization.h"
#include "nn/weights.h"
#include "programs/program_network.h"
#include "support/random_network.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

class GraphTorchscript : public OnnxruntimeTest {};

TEST_F(GraphTorchscript, EveryOperationGivesTheSame) {
  const TaskShape task{{3, 32, 32}, 10};
  const torch::Tensor inputs = random_pictures(task.input);
  std::map<std::string, torch::Tensor> expected;
  const std::vector<std::string> names = {"mlp",         "keras_student", "resnet20",
                                          "mobilenetv2", "shufflenetv2",  "shufflenetv1",
                                          "googlenet",   "densenet121",   "{resnet18: {stem: imagenet}}",
                                          "fitnet_mnist"};
  for (const std::string& name : names) {
    const auto network = random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(task));
    const fs::path file = folder / fmt::format("{}.pt", expected.size());
    save_graph_torchscript(file, *network, {});
    const ProgramNetwork script(file, task, {});
    expected[name] = logits_of(*network, inputs);
    expect_same(expected[name], logits_of(script, inputs), name);
    add(fmt::format("{}", expected.size() - 1), to_onnx(script, task.input), inputs);
  }
  run_all();
  for (size_t i = 0; i < names.size(); ++i)
    expect_same(expected.at(names[i]), output(std::to_string(i), inputs.size(0)), names[i]);
}

TEST_F(GraphTorchscript, ParametersKeepTheirNames) {
  const TaskShape task{{3, 32, 32}, 10};
  const auto network = random_network(*choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(task));
  save_graph_torchscript(folder / "n.pt", *network, {{"note", "held"}});
  const ProgramNetwork script(folder / "n.pt", task, {});
  EXPECT_EQ(script.parameter_count(), network->parameter_count());
  const TensorMap own = state_of(*network), written = state_of(script);
  for (const auto& [name, value] : own) ASSERT_TRUE(written.contains(name) && written.at(name).equal(value)) << name;
  EXPECT_EQ(own.size(), written.size());
}

TEST_F(GraphTorchscript, RoundingAndResizingAreKept) {
  const Shape raw{3, 20, 24};
  const InputOptions input{.height = 32, .width = 32, .mean = {0.4, 0.5, 0.6}, .deviation = {0.2, 0.3, 0.25}};
  const torch::Tensor inputs = random_pictures(raw);
  const auto whole = random_network(with_input(
      *choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(TaskShape{{3, 32, 32}, 10}), input, raw));
  const auto rounded = quantize(*whole, inputs);
  save_graph_torchscript(folder / "n.pt", *rounded, {});
  expect_same(logits_of(*rounded, inputs), logits_of(ProgramNetwork(folder / "n.pt", {raw, 10}, {}), inputs),
              "rounded");
}

}  // namespace
}  // namespace limbeck
