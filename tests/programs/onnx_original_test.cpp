// Programs that were ONNX files are written as those files again, with the weights that they have then.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <torch/script.h>
#include <torch/utils.h>

#include "core/error.h"
#include "deploy/onnx.h"
#include "deploy/onnx_builder.h"
#include "deploy/onnx_file.h"
#include "programs/program_network.h"
#include "programs/returned_outputs.h"
#include "support/random_network.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const TaskShape kTask{{3, 4, 4}, 5};

onnx::ModelProto model_in(const std::string& content) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(content));
  return model;
}

std::vector<std::string> names_of(const google::protobuf::RepeatedPtrField<onnx::ValueInfoProto>& values) {
  std::vector<std::string> names;
  for (const onnx::ValueInfoProto& value : values) names.push_back(value.name());
  return names;
}

class OnnxOriginal : public TemporaryFolder {
 protected:
  /// [N, 3, 4, 4] to "hidden" [N, 4] and "scores:0" [N, 5], with an operation that this program does not write itself.
  static std::string two_outputs(const char* last = nullptr) {
    torch::manual_seed(2);
    OnnxBuilder onnx;
    const std::string x = onnx.node("Flatten", {onnx.input("images:0", at::kFloat, kTask.input)});
    const std::string hidden = onnx.node(
        "Gemm", {x, onnx.constant("a/w:0", torch::randn({48, 4})), onnx.constant("a/b:0", torch::randn({4}))});
    std::string scores = onnx.node(
        "MatMul", {onnx.node("Softsign", {onnx.node("Sinh", {hidden})}), onnx.constant("b", torch::randn({4, 5}))});
    if (last != nullptr) scores = onnx.node(last, {scores});
    onnx.output("hidden", hidden, {4});
    onnx.output("scores:0", scores, {5});
    return onnx.finish("two", {{"author", "somebody"}});
  }

  std::unique_ptr<ProgramNetwork> network(const std::string& content, ProgramOptions options = {},
                                          const InputOptions& input = {}, const Shape& shape = kTask.input) const {
    options.file = (folder / "model.onnx").string();
    write_file(options.file, content);
    return std::make_unique<ProgramNetwork>(ProgramFormat::onnx, std::move(options), TaskShape{shape, 0}, input);
  }

  /// As if it were trained.
  static void change(const Network& network) {
    const torch::NoGradGuard no_gradient;
    for (const Parameter& parameter : network.parameters()) at::Tensor(parameter.value).mul_(1.5).add_(0.01);
    for (const Parameter& buffer : network.buffers()) at::Tensor(buffer.value).mul_(1.5).add_(0.01);
  }

  /// What it gives, and what its file does where it is read as it is.
  void expect_same(const Network& own, const std::string& content, const std::string& output,
                   ReturnedValues returns = ReturnedValues::logits, const Shape& shape = kTask.input) const {
    const torch::Tensor inputs = random_pictures(shape);
    const auto again = network(content, {.file = {}, .output = output, .returns = returns}, {}, shape);
    const torch::Tensor expected = logits_of(own, inputs);
    EXPECT_LT((logits_of(*again, inputs) - expected).abs().max().item<double>(),
              1e-5 * expected.abs().max().item<double>());
  }
};

TEST_F(OnnxOriginal, OperationsNamesAndOutputsStay) {
  const std::string content = two_outputs();
  const auto own = network(content, {.file = {}, .output = "scores:0"});
  const torch::Tensor before = logits_of(*own, random_pictures(kTask.input));
  change(*own);
  EXPECT_FALSE(logits_of(*own, random_pictures(kTask.input)).equal(before));
  const std::string written = to_onnx(*own, kTask.input, {.metadata = {{"limbeck.network", "x"}}});
  const onnx::ModelProto model = model_in(written), original = model_in(content);
  EXPECT_EQ(names_of(model.graph().input()), (std::vector<std::string>{"images:0"}));
  EXPECT_EQ(names_of(model.graph().output()), (std::vector<std::string>{"hidden", "scores:0"}));
  EXPECT_EQ(model.opset_import(0).version(), original.opset_import(0).version());
  ASSERT_EQ(model.graph().node_size(), original.graph().node_size());
  for (int i = 0; i < model.graph().node_size(); ++i)
    EXPECT_EQ(model.graph().node(i).SerializeAsString(), original.graph().node(i).SerializeAsString());
  const OnnxFile file = parse_onnx(written, "written");
  EXPECT_EQ(file.output, "scores:0");
  EXPECT_EQ(file.classes, 5);
  EXPECT_EQ(file.metadata.at("author"), "somebody");
  EXPECT_EQ(file.metadata.at("limbeck.network"), "x");
  expect_same(*own, written, "scores:0");
  expect_same(*own, written, "1");
}

TEST_F(OnnxOriginal, TheGraphIsKeptInTheProgramsFile) {
  const auto own = network(two_outputs(), {.file = {}, .output = "scores:0"});
  change(*own);
  own->save(folder / "model.pt", {{"limbeck.x", "y"}});
  const ProgramNetwork again(ProgramFormat::torchscript, {.file = (folder / "model.pt").string(), .output = "scores:0"},
                             kTask, InputOptions{});
  EXPECT_EQ(to_onnx(again, kTask.input), to_onnx(*own, kTask.input));
}

TEST_F(OnnxOriginal, WhatPreparesTheInputStandsBefore) {
  const Shape raw = {1, 6, 6};
  const InputOptions input{.height = 4, .width = 4, .mean = {0.5}, .deviation = {0.25}};
  const auto own =
      network(two_outputs(), {.file = {}, .output = "scores:0", .channels = InputChannels::gray_to_rgb}, input, raw);
  change(*own);
  const std::string written = to_onnx(*own, raw);
  EXPECT_EQ(names_of(model_in(written).graph().input()), (std::vector<std::string>{"images:0"}));
  expect_same(*own, written, "scores:0", ReturnedValues::logits, raw);
  const OnnxFile bytes = parse_onnx(to_onnx(*own, raw, {.bytes = true}), "bytes");
  EXPECT_TRUE(bytes.takes_bytes);
  EXPECT_EQ(bytes.input_shape, raw);
}

TEST_F(OnnxOriginal, ProbabilitiesStayProbabilities) {
  const auto soft = network(two_outputs("Softmax"), {.file = {}, .output = "scores:0"});
  EXPECT_EQ(soft->returns(), ReturnedValues::probabilities);
  const std::string written = to_onnx(*soft, kTask.input);
  EXPECT_EQ(parse_onnx(written, "soft").returns, ReturnedValues::probabilities);
  expect_same(*soft, written, "scores:0", ReturnedValues::probabilities);
  EXPECT_EQ(to_onnx(*soft, kTask.input, {.softmax = true}), written);
  const auto plain = network(two_outputs(), {.file = {}, .output = "scores:0"});
  const std::string with_softmax = to_onnx(*plain, kTask.input, {.softmax = true});
  EXPECT_EQ(names_of(model_in(with_softmax).graph().output()), (std::vector<std::string>{"hidden", "probabilities"}));
  const torch::Tensor inputs = random_pictures(kTask.input);
  const auto again = network(with_softmax, {.file = {}, .output = "probabilities"});
  EXPECT_LT((logits_of(*again, inputs) - logits_of(*plain, inputs).log_softmax(1)).abs().max().item<double>(), 1e-5);
  const auto each =
      network(two_outputs("Sigmoid"), {.file = {}, .output = "scores:0", .returns = ReturnedValues::sigmoid});
  const std::string of_each = to_onnx(*each, kTask.input);
  EXPECT_EQ(parse_onnx(of_each, "sigmoid").returns, ReturnedValues::sigmoid);
  expect_same(*each, of_each, "scores:0", ReturnedValues::sigmoid);
}

/// PyTorch writes tensors that are equal once: a batch norm's zeros for its bias and its mean, and those of another
/// one by way of Identity.
TEST_F(OnnxOriginal, WeightsThatAreEqualBeforeTrainingAreTrainedApart) {
  OnnxBuilder onnx;
  std::string x = onnx.input("x", at::kFloat, kTask.input);
  const std::string zeros = onnx.constant("first.bias", torch::zeros({3})),
                    ones = onnx.constant("first.weight", torch::ones({3}));
  x = onnx.node("BatchNormalization", {x, ones, zeros, zeros, ones}, {}, "first");
  const std::string mean = onnx.node("Identity", {zeros}, {}, "second.running_mean");
  x = onnx.node("BatchNormalization", {x, ones, zeros, mean, ones}, {}, "second");
  const std::string weight = onnx.constant("fc", torch::linspace(-1, 1, 240).reshape({48, 5}));
  onnx.output("y", onnx.node("MatMul", {onnx.node("Flatten", {x}), weight}), {5});
  const std::string content = onnx.finish("shared", {});
  const auto own = network(content);
  std::set<std::string> parameters, buffers;
  for (const Parameter& parameter : own->parameters()) parameters.insert(parameter.name);
  for (const Parameter& buffer : own->buffers()) buffers.insert(buffer.name);
  EXPECT_EQ(parameters, (std::set<std::string>{"fc", "first.bias", "first.bias_3", "first.weight", "first.weight_3"}));
  EXPECT_EQ(buffers,
            (std::set<std::string>{"first.bias_2", "first.weight_2", "first.weight_4", "second.running_mean"}));
  const torch::NoGradGuard no_gradient;
  for (size_t i = 0; i < own->parameters().size(); ++i)
    at::Tensor(own->parameters()[i].value).add_(0.1 * static_cast<double>(i + 1));
  for (size_t i = 0; i < own->buffers().size(); ++i)
    at::Tensor(own->buffers()[i].value).add_(0.2 * static_cast<double>(i + 1));
  expect_same(*own, to_onnx(*own, kTask.input), "");
}

TEST_F(OnnxOriginal, AFileForTrainingIsWrittenForInference) {
  OnnxBuilder onnx;
  std::string x = onnx.input("x", at::kFloat, kTask.input);
  const auto vector = [&](const char* name) { return onnx.constant(name, torch::rand({3}) + 0.5); };
  x = onnx.node("BatchNormalization", {x, vector("w"), vector("b"), vector("m"), vector("v")}, {}, "norm");
  const std::string flat =
      onnx.node("Dropout", {onnx.node("Flatten", {x}), onnx.constant("p", torch::tensor(0.5))}, {}, "drop");
  onnx.output("y", onnx.node("MatMul", {flat, onnx.constant("fc", torch::randn({48, 5}))}), {5});
  onnx::ModelProto model = model_in(onnx.finish("training", {}));
  model.mutable_opset_import(0)->set_version(14);
  onnx::TensorProto& mode = *model.mutable_graph()->add_initializer();
  mode.set_name("mode");
  mode.set_data_type(onnx::TensorProto::BOOL);
  mode.add_int32_data(1);
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    if (node.op_type() == "Dropout") node.add_input("mode");
    if (node.op_type() != "BatchNormalization") continue;
    node.add_output("mean");
    node.add_output("variance");
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name("training_mode");
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(1);
  }
  const auto own = network(model.SerializeAsString());
  const onnx::ModelProto written = model_in(to_onnx(*own, kTask.input));
  for (const onnx::NodeProto& node : written.graph().node()) {
    EXPECT_LE(node.input_size(), node.op_type() == "Dropout" ? 2 : 5);
    EXPECT_EQ(node.output_size(), 1);
    for (const onnx::AttributeProto& attribute : node.attribute()) EXPECT_NE(attribute.name(), "training_mode");
  }
  expect_same(*own, written.SerializeAsString(), "");
}

TEST_F(OnnxOriginal, ConstantNodesAreWeights) {
  OnnxBuilder onnx;
  const std::string x = onnx.node("Flatten", {onnx.input("x", at::kFloat, kTask.input)});
  onnx.output("y", onnx.node("MatMul", {x, onnx.constant("w", torch::randn({48, 5}))}), {5});
  onnx::ModelProto model = model_in(onnx.finish("paddle", {}));
  onnx::GraphProto& graph = *model.mutable_graph();
  onnx::GraphProto nodes;
  for (const onnx::TensorProto& initializer : graph.initializer()) {
    onnx::NodeProto& node = *nodes.add_node();
    node.set_op_type("Constant");
    node.add_output(initializer.name());
    onnx::AttributeProto& value = *node.add_attribute();
    value.set_name("value");
    value.set_type(onnx::AttributeProto::TENSOR);
    *value.mutable_t() = initializer;
  }
  nodes.mutable_node()->MergeFrom(graph.node());
  graph.mutable_node()->Swap(nodes.mutable_node());
  graph.clear_initializer();
  const auto own = network(model.SerializeAsString());
  ASSERT_EQ(own->parameters().size(), 1U);
  EXPECT_EQ(own->parameters()[0].name, "w");
  change(*own);
  expect_same(*own, to_onnx(*own, kTask.input), "");
}

}  // namespace
}  // namespace limbeck
