// ONNX files as programs: they give what the network gives from which they were written, are trained, kept and refused.
#include "programs/onnx_program.h"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <torch/script.h>
#include <torch/utils.h>

#include <random>

#include "core/error.h"
#include "deploy/onnx.h"
#include "deploy/onnx_builder.h"
#include "programs/program_builder.h"
#include "support/random_network.h"
#include "support/small_data.h"
#include "support/small_programs.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

class OnnxProgram : public TemporaryFolder {
 protected:
  torch::jit::Module read(const std::string& content, const Shape& example = {}) const {
    return read_onnx_program(content, folder / "model.onnx", example).module;
  }
  std::string refusal(const std::string& content, const Shape& example = {}) const {
    return message_of<Error>([&] { read(content, example); });
  }
};

torch::Tensor output_of(torch::jit::Module& module, const torch::Tensor& inputs) {
  const torch::NoGradGuard no_gradient;
  module.eval();
  return module.forward({inputs}).toTensor();
}

double difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

std::map<std::string, torch::Tensor> named(const torch::jit::named_parameter_list& list) {
  std::map<std::string, torch::Tensor> all;
  for (const auto& each : list) all[each.name] = each.value;
  return all;
}

TEST_F(OnnxProgram, WhatThisProgramWritesIsReadAgain) {
  const TaskShape task{{3, 32, 32}, 10};
  const torch::Tensor inputs = random_pictures(task.input);
  size_t count = 0;
  for (const std::string& name : all_networks()) {
    const auto network = random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(task));
    torch::jit::Module module = read(to_onnx(*network, task.input));
    EXPECT_LT(difference(output_of(module, inputs), logits_of(*network, inputs)), 1e-4) << name;
    ++count;
  }
  EXPECT_GT(count, 30U);
}

TEST_F(OnnxProgram, BytesAreGivenAsNumbersToOne) {
  const auto network =
      random_network(*choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(TaskShape{{3, 16, 16}, 10}));
  torch::jit::Module module = read(to_onnx(*network, {3, 16, 16}, {.softmax = false, .bytes = true}));
  const torch::Tensor inputs = (random_pictures({3, 16, 16}) * 255).round() / 255;
  EXPECT_LT(difference(output_of(module, inputs), logits_of(*network, inputs)), 1e-4);
}

TEST_F(OnnxProgram, WeightsHaveTheirNamesAndOutliveAFile) {
  torch::jit::Module module = read(small_onnx());
  const auto parameters = named(module.named_parameters());
  std::set<std::string> names;
  for (const auto& [name, value] : parameters) names.insert(name);
  EXPECT_EQ(names,
            (std::set<std::string>{"onnx::Conv_193", "conv/bias:0", "bn.weight", "bn.bias", "fc.weight", "fc.bias"}));
  std::set<std::string> buffers;
  for (const auto& buffer : module.named_buffers()) buffers.insert(buffer.name);
  EXPECT_EQ(buffers, (std::set<std::string>{"bn.running_mean", "bn.running_var"}));
  const torch::Tensor inputs = torch::randn({4, 3, 6, 6}), expected = output_of(module, inputs);
  module.save((folder / "saved.pt").string());
  torch::jit::Module loaded = torch::jit::load((folder / "saved.pt").string());
  EXPECT_TRUE(output_of(loaded, inputs).equal(expected));
  std::set<std::string> loaded_names;
  for (const auto& parameter : loaded.named_parameters()) loaded_names.insert(parameter.name);
  EXPECT_EQ(loaded_names, names);
}

TEST_F(OnnxProgram, AnyNameOutlivesAFile) {
  for (const std::string name : {"a b", "it's", "\"quoted\"", "line\nbreak", "..", "x..y", ".x", "x.", "training",
                                 "forward", "1", "0.weight", "Größe", "if", "a\\b", "self", "weight"}) {
    OnnxBuilder onnx;
    const std::string x = onnx.input("input", at::kFloat, {3});
    const std::string product = onnx.node("MatMul", {x, onnx.constant(name, torch::randn({3, 2}))}, {}, "product");
    onnx.output("logits", onnx.node("Add", {product, onnx.constant(name + ".bias", torch::randn({2}))}, {}, "sum"),
                {2});
    torch::jit::Module module = read(onnx.finish("names", {}));
    const torch::Tensor inputs = torch::randn({4, 3}), expected = output_of(module, inputs);
    EXPECT_EQ(module.parameters().size(), 2U) << name;
    module.save((folder / "saved.pt").string());
    torch::jit::Module loaded = torch::jit::load((folder / "saved.pt").string());
    EXPECT_TRUE(output_of(loaded, inputs).equal(expected)) << name;
    EXPECT_EQ(loaded.parameters().size(), 2U) << name;
  }
}

TEST_F(OnnxProgram, TrainingChangesStatisticsAndGradientsReachAllWeights) {
  torch::jit::Module module = read(small_onnx());
  const torch::Tensor inputs = torch::randn({8, 3, 6, 6});
  const torch::Tensor evaluated = output_of(module, inputs);
  std::map<std::string, torch::Tensor> before;
  for (const auto& buffer : module.named_buffers()) before[buffer.name] = buffer.value.clone();
  module.train();
  const torch::Tensor trained = module.forward({inputs}).toTensor();
  EXPECT_GT(difference(trained, evaluated), 1e-3);
  trained.square().sum().backward();
  for (const auto& parameter : module.named_parameters()) {
    ASSERT_TRUE(parameter.value.grad().defined()) << parameter.name;
    // batch norm takes a bias before it away
    EXPECT_GT(parameter.value.grad().abs().max().item<double>(), parameter.name == "conv/bias:0" ? -1 : 1e-6)
        << parameter.name;
  }
  const auto values = named(module.named_parameters());
  const torch::Tensor convolved = torch::conv2d(inputs, values.at("onnx::Conv_193"), values.at("conv/bias:0"), 1, 1);
  const torch::Tensor mean = 0.75 * before.at("bn.running_mean") + 0.25 * convolved.mean({0, 2, 3});
  EXPECT_LT(difference(module.attr("bn").toModule().attr("running_mean").toTensor(), mean), 1e-5);
}

TEST_F(OnnxProgram, ShapesBecomeNumbersOfTheProgram) {
  torch::jit::Module module = read(small_onnx());
  std::map<std::string, int> operations;
  for (const torch::jit::Node* node : module.get_method("forward").graph()->nodes())
    ++operations[node->kind().toQualString()];
  EXPECT_EQ(operations["aten::size"], 1);
  EXPECT_EQ(operations["aten::tensor"] + operations["aten::cat"] + operations["aten::gather"] + operations["aten::Int"],
            0);
}

TEST_F(OnnxProgram, ValuesWithARowForEachExampleAreFeatures) {
  torch::jit::Module module = read(small_onnx());
  module.eval();
  const torch::Tensor inputs = torch::randn({4, 3, 6, 6});
  const auto both = module.get_method(ProgramBuilder::kWithFeatures)({inputs}).toTuple();
  EXPECT_TRUE(both->elements()[0].toTensor().equal(output_of(module, inputs)));
  std::set<std::string> names;
  for (const auto& entry : both->elements()[1].toGenericDict()) names.insert(entry.key().toStringRef());
  EXPECT_EQ(names, (std::set<std::string>{"conv", "norm", "relu", "flat", "fc", "logits"}));
}

TEST_F(OnnxProgram, SeveralOutputsAreADict) {
  OnnxBuilder onnx;
  const std::string x = onnx.input("input", at::kFloat, {3});
  onnx.output("hidden", onnx.node("Relu", {x}), {3});
  onnx.output("logits", onnx.node("Sigmoid", {x}), {3});
  torch::jit::Module module = read(onnx.finish("two", {}));
  const torch::IValue returned = module.forward({torch::randn({2, 3})});
  ASSERT_TRUE(returned.isGenericDict());
  EXPECT_EQ(returned.toGenericDict().size(), 2U);
  EXPECT_TRUE(returned.toGenericDict().contains("hidden"));
}

/// What OnnxBuilder has no way for.
onnx::ModelProto parsed(const std::string& content) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(content));
  return model;
}

TEST_F(OnnxProgram, AFileForOneExampleTakesBatches) {
  torch::manual_seed(5);
  OnnxBuilder onnx;
  const std::string x = onnx.input("input", at::kFloat, {2, 3});
  const std::string token =
      onnx.node("Expand", {onnx.constant("token", torch::randn({1, 1, 3})), onnx.constant("shape", {1, 1, 3})});
  const std::string both = onnx.node("Concat", {token, x}, {{"axis", 1}});
  onnx.output("logits", onnx.node("Reshape", {both, onnx.constant("flat", {1, 9})}), {9});
  onnx::ModelProto model = parsed(onnx.finish("one", {}));
  auto* batch =
      model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0);
  batch->clear_dim_param();
  batch->set_dim_value(1);
  torch::jit::Module module = read(model.SerializeAsString());
  const torch::Tensor inputs = torch::randn({6, 2, 3}), all = output_of(module, inputs);
  EXPECT_EQ(all.sizes(), (std::vector<int64_t>{6, 9}));
  EXPECT_TRUE(all.slice(0, 4, 5).equal(output_of(module, inputs.slice(0, 4, 5))));
}

TEST_F(OnnxProgram, ExternalDataIsReadFromTheModelsFolderAlone) {
  onnx::ModelProto model = parsed(small_onnx());
  const torch::Tensor inputs = torch::randn({2, 3, 6, 6});
  torch::jit::Module inside = read(model.SerializeAsString());
  std::string data(8, 'x');
  onnx::TensorProto* moved = nullptr;
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer())
    if (tensor.name() == "fc.weight") moved = &tensor;
  ASSERT_NE(moved, nullptr);
  const std::string bytes = moved->raw_data();
  data += bytes;
  moved->clear_raw_data();
  moved->set_data_location(onnx::TensorProto::EXTERNAL);
  const auto set = [&](const std::string& location, const std::string& offset, const std::string& length) {
    moved->clear_external_data();
    for (const auto& [key, value] :
         std::map<std::string, std::string>{{"location", location}, {"offset", offset}, {"length", length}}) {
      if (value.empty()) continue;
      auto* entry = moved->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    return model.SerializeAsString();
  };
  const std::string size = std::to_string(bytes.size());
  fs::create_directories(folder / "model" / "weights");
  write_file(folder / "model" / "weights" / "w.bin", data);
  write_file(folder / "outside.bin", data);
  const auto read_there = [&](const std::string& content) {
    return read_onnx_program(content, folder / "model" / "model.onnx", {}).module;
  };
  const auto refused = [&](const std::string& content) { return message_of<Error>([&] { read_there(content); }); };
  torch::jit::Module beside = read_there(set("weights/w.bin", "8", size));
  EXPECT_TRUE(output_of(beside, inputs).equal(output_of(inside, inputs)));
  read_there(set("weights/w.bin", "8", ""));
  EXPECT_NE(refused(set("../outside.bin", "8", size)).find("outside of the model's folder"), std::string::npos);
  EXPECT_NE(refused(set((folder / "outside.bin").string(), "8", size)).find("outside of the model's folder"),
            std::string::npos);
  fs::create_symlink(folder / "outside.bin", folder / "model" / "link.bin");
  EXPECT_NE(refused(set("link.bin", "8", size)).find("leads out"), std::string::npos);
  EXPECT_NE(refused(set("missing.bin", "8", size)).find("cannot be read"), std::string::npos);
  EXPECT_NE(refused(set("weights/w.bin", "9", size)).find("the file has"), std::string::npos);
  EXPECT_NE(refused(set("weights/w.bin", "99999999", size)).find("the file has"), std::string::npos);
  EXPECT_NE(refused(set("weights/w.bin", "-1", size)).find("where a number is expected"), std::string::npos);
  EXPECT_NE(refused(set("weights/w.bin", "8", "40")).find("its extents and type say"), std::string::npos);
}

TEST_F(OnnxProgram, WhatCannotBeReadIsNamed) {
  const auto changed = [](const std::function<void(onnx::GraphProto&, onnx::ModelProto&)>& change) {
    onnx::ModelProto model = parsed(small_onnx());
    change(*model.mutable_graph(), model);
    return model.SerializeAsString();
  };
  const auto expect = [&](const std::string& part,
                          const std::function<void(onnx::GraphProto&, onnx::ModelProto&)>& change) {
    const std::string message = refusal(changed(change));
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("model.onnx'"), std::string::npos) << message;
  };
  EXPECT_NE(refusal("no file").find("cannot be read to its end"), std::string::npos);
  EXPECT_NE(refusal(small_onnx().substr(0, 1000)).find("cannot be read to its end"), std::string::npos);
  EXPECT_NE(refusal(small_onnx(), {3, 7, 7}).find("takes examples of 3x6x6; the data's are 3x7x7"), std::string::npos);
  EXPECT_NE(refusal(small_onnx(), {144}).find("axes"), std::string::npos);
  expect("'conv' (Unheard of opset 13): there is no such operation",
         [](auto& graph, auto&) { graph.mutable_node(0)->set_op_type("Unheard"); });
  expect("opset 23; expected", [](auto&, auto& model) { model.mutable_opset_import(0)->set_version(23); });
  expect("has the inputs 'input', 'more'", [](auto& graph, auto&) {
    *graph.add_input() = graph.input(0);
    graph.mutable_input(1)->set_name("more");
  });
  expect("uses 'fc', which nothing before it gives",
         [](auto& graph, auto&) { graph.mutable_node(0)->set_input(0, "fc"); });
  expect("gives 'conv', which something before it gives too", [](auto& graph, auto&) {
    graph.mutable_node(1)->set_output(0, "conv");
    graph.mutable_node(2)->set_input(0, "conv");
  });
  expect("has an output 'lost' that no node gives",
         [](auto& graph, auto&) { graph.mutable_output(0)->set_name("lost"); });
  expect("bytes; its extents and type say",
         [](auto& graph, auto&) { graph.mutable_initializer(0)->mutable_raw_data()->resize(7); });
  expect("extents that no tensor can have",
         [](auto& graph, auto&) { graph.mutable_initializer(0)->set_dims(0, int64_t{1} << 62); });
  expect("extents that no tensor can have", [](auto& graph, auto&) { graph.mutable_initializer(0)->set_dims(0, -1); });
  expect("the attribute 'pads' is of another type", [](auto& graph, auto&) {
    graph.mutable_node(0)->mutable_attribute(0)->set_type(onnx::AttributeProto::FLOAT);
  });
  expect("expected 4 channels", [](auto& graph, auto&) { graph.mutable_node(1)->set_input(1, "fc.bias"); });
  expect("among its 'pads'",
         [](auto& graph, auto&) { graph.mutable_node(0)->mutable_attribute(0)->set_ints(0, int64_t{1} << 40); });
}

TEST_F(OnnxProgram, AFileCannotAskForAbsurdMemory) {
  const auto model = [](const std::string& operation, const std::vector<int64_t>& numbers) {
    OnnxBuilder onnx;
    const std::string x = onnx.input("input", at::kFloat, {3});
    std::vector<std::string> inputs = {onnx.constant("shape", numbers)};
    if (operation != "ConstantOfShape") inputs.insert(inputs.begin(), x);
    onnx.output("logits", onnx.node("Add", {x, onnx.node("ReduceMax", {onnx.node(operation, inputs)})}), {3});
    return onnx.finish("large", {});
  };
  const int64_t large = 1 << 15;  // its square: some gigabytes
  EXPECT_NE(refusal(model("ConstantOfShape", {large, large})).find("bytes; expected at most"), std::string::npos);
  EXPECT_NE(refusal(model("Tile", {1, large * large / 16})).find("bytes; expected at most"), std::string::npos);
  EXPECT_NE(refusal(model("Pad", {0, 0, 0, large * large / 16})).find("bytes; expected at most"), std::string::npos);
  EXPECT_THROW(read(model("ConstantOfShape", {large * large, large * large})), Error);
}

TEST_F(OnnxProgram, KnownConditionsAreWrittenOut) {
  onnx::ModelProto model = parsed(small_onnx());
  onnx::GraphProto& graph = *model.mutable_graph();
  const auto branch = [](onnx::NodeProto& node, const std::string& name, const std::string& operation) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    onnx::NodeProto& inner = *attribute.mutable_g()->add_node();
    inner.set_op_type(operation);
    inner.add_input("norm");
    inner.add_output("inner");
    attribute.mutable_g()->add_output()->set_name("inner");
  };
  onnx::TensorProto& flag = *graph.add_initializer();
  flag.set_name("flag");
  flag.set_data_type(onnx::TensorProto::BOOL);
  flag.set_raw_data(std::string(1, '\1'));
  onnx::NodeProto& node = *graph.mutable_node(2);
  ASSERT_EQ(node.op_type(), "Relu");
  node.set_op_type("If");
  node.set_input(0, "flag");
  branch(node, "then_branch", "Relu");
  branch(node, "else_branch", "Neg");
  torch::jit::Module with = read(model.SerializeAsString()), without = read(small_onnx());
  const torch::Tensor inputs = torch::randn({2, 3, 6, 6});
  EXPECT_TRUE(output_of(with, inputs).equal(output_of(without, inputs)));
  flag.set_raw_data(std::string(1, '\0'));
  torch::jit::Module other = read(model.SerializeAsString());
  EXPECT_FALSE(output_of(other, inputs).equal(output_of(without, inputs)));
}

TEST_F(OnnxProgram, FunctionsOfTheModelAreWrittenOut) {
  onnx::ModelProto model = parsed(small_onnx());
  onnx::FunctionProto& function = *model.add_functions();
  function.set_domain("own");
  function.set_name("Activation");
  function.add_input("x");
  function.add_output("y");
  function.add_attribute("slope");
  onnx::NodeProto& inner = *function.add_node();
  inner.set_op_type("LeakyRelu");
  inner.add_input("x");
  inner.add_output("y");
  onnx::AttributeProto& passed = *inner.add_attribute();
  passed.set_name("alpha");
  passed.set_type(onnx::AttributeProto::FLOAT);
  passed.set_ref_attr_name("slope");
  onnx::NodeProto& node = *model.mutable_graph()->mutable_node(2);
  node.set_op_type("Activation");
  node.set_domain("own");
  onnx::AttributeProto& given = *node.add_attribute();
  given.set_name("slope");
  given.set_type(onnx::AttributeProto::FLOAT);
  given.set_f(0);
  torch::jit::Module with = read(model.SerializeAsString()), without = read(small_onnx());
  const torch::Tensor inputs = torch::randn({2, 3, 6, 6});
  EXPECT_LT(difference(output_of(with, inputs), output_of(without, inputs)), 1e-6);
  *inner.mutable_op_type() = "Activation";
  inner.set_domain("own");
  EXPECT_NE(refusal(model.SerializeAsString()).find("without an end"), std::string::npos);
}

/// Whatever a damaged file says: an error, or numbers.
TEST_F(OnnxProgram, DamagedFilesAreRefusedOrRead) {
  const std::string whole = small_onnx();
  std::mt19937 random(7);
  const torch::Tensor inputs = torch::rand({2, 3, 6, 6});
  int read_all_the_same = 0;
  for (int i = 0; i < 600; ++i) {
    std::string damaged = whole;
    if (i % 4 == 0) damaged.resize(random() % whole.size());
    // most of the file are weights: what stands before and after them is hit as often
    for (int flips = 0; i % 4 != 0 && flips < 1 + i % 3; ++flips) {
      const size_t place = i % 2 == 0 ? random() % whole.size() : random() % 1200;
      damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
    }
    try {
      torch::jit::Module module = read(damaged);
      output_of(module, inputs);
      ++read_all_the_same;
    } catch (const Error&) {
    } catch (const c10::Error&) {  // the program's own: the input's shape may be another one now
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_GT(read_all_the_same, 50);
  EXPECT_LT(read_all_the_same, 550);
}

}  // namespace
}  // namespace limbeck
