#include "programs/exported_program.h"

#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/utils.h>

#include <sstream>

#include "core/error.h"
#include "programs/archive.h"
#include "support/export_writer.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

using Module = torch::jit::Module;
using Layout = ExportWriter::Layout;
using torch::Tensor;

Module read_export(const ExportWriter& writer, Layout layout = Layout::new_files) {
  Module module = read_exported_program(writer.content(layout), "m.pt2");
  module.eval();
  return module;
}
Tensor run_module(Module& module, const Tensor& input) {
  return module.forward({input}).toTensor();
}
Tensor tensor_of(const Module& module, const std::string& owner, const std::string& name) {
  return module.attr(owner).toModule().attr(name).toTensor();
}

/// y = linear(x, fc.weight [3, 4], fc.bias)
ExportWriter linear_export() {
  torch::manual_seed(1);
  ExportWriter writer;
  writer.parameter("fc.weight", torch::randn({3, 4}).requires_grad_());
  writer.parameter("fc.bias", torch::randn({3}).requires_grad_());
  writer.input("x");
  writer.node("aten.linear.default",
              arguments(tensor_argument("input", "x"), tensor_argument("weight", "v_fc_weight"),
                        tensor_argument("bias", "v_fc_bias")),
              "y", "fc");
  return writer;
}

std::string binary(const std::string& self, const std::string& other) {
  return arguments(tensor_argument("self", self), tensor_argument("other", other));
}

TEST(ExportedProgram, ReadsAllLayouts) {
  ExportWriter writer = linear_export();
  const Tensor memory = torch::arange(6, torch::kFloat);
  writer.buffer("scale", memory.slice(0, 1, 4));  // it and the next lie in one memory
  writer.buffer("stretch", memory.as_strided({3}, {2}, 0));
  writer.buffer("mask", torch::tensor({1.0, 0.0, 2.0}, torch::kDouble), false);
  writer.constant("lifted", torch::tensor({2}, torch::kLong));
  writer.node("aten.mul.Tensor", binary("y", "v_scale"), "a");
  writer.node("aten.add.Tensor", binary("a", "v_stretch"), "b");
  writer.node("aten.mul.Tensor", binary("b", "v_mask"), "c");
  writer.node("aten.sub.Tensor", binary("c", "v_lifted"), "d");
  writer.output("d");
  const Tensor x = torch::randn({5, 4});
  for (const Layout layout : {Layout::new_files, Layout::pickled_in_archive, Layout::old_files}) {
    Module module = read_export(writer, layout);
    EXPECT_EQ(module.named_parameters().size(), 2U);
    EXPECT_EQ(module.named_buffers().size(), 4U);
    EXPECT_TRUE(tensor_of(module, "fc", "weight").requires_grad());
    EXPECT_FALSE(module.attr("scale").toTensor().requires_grad());
    const Tensor linear = torch::linear(x, tensor_of(module, "fc", "weight"), tensor_of(module, "fc", "bias"));
    const Tensor sum = linear * torch::tensor({1.0, 2.0, 3.0}) + torch::tensor({0.0, 2.0, 4.0});
    const Tensor expected = sum * torch::tensor({1.0, 0.0, 2.0}, torch::kDouble) - 2;
    EXPECT_TRUE(run_module(module, x).allclose(expected));
    EXPECT_EQ(run_module(module, x).scalar_type(), torch::kDouble);
  }
}

TEST(ExportedProgram, ReadsTheSignatureOfTheFirstVersion) {
  const ExportWriter writer = [] {
    ExportWriter made = linear_export();
    made.output("y");
    return made;
  }();
  std::string program = writer.program();
  const std::string old =
      R"("signature": {"inputs_to_parameters": {"v_fc_weight": "fc.weight", "v_fc_bias": "fc.bias"},)"
      R"( "inputs_to_buffers": {}, "buffers_to_mutate": {}, "user_inputs": ["x"], "user_outputs": ["y"]},)"
      R"( "call_spec": {"in_spec": "", "out_spec": )"
      R"("[1, {\"type\": null, \"context\": null, \"children_spec\": []}]"}})";
  const size_t begin = program.find("\"signature\""), end = program.find(", \"opset_version\"");
  program.replace(begin, end - begin, old);
  const std::vector<std::pair<std::string, Tensor>> state = {{"fc.weight", torch::ones({3, 4}).requires_grad_()},
                                                             {"fc.bias", torch::ones({3}).requires_grad_()}};
  Module module = read_exported_program(zip_archive({{"serialized_exported_program.json", program},
                                                     {"serialized_state_dict.json", saved_tensors(state)}}),
                                        "m.pt2");
  EXPECT_TRUE(run_module(module, torch::ones({2, 4})).equal(torch::full({2, 3}, 5.0)));
}

TEST(ExportedProgram, ReadsCompressedEntriesUpToABound) {
  const std::string text(100'000, 'a');
  const std::string content = zip_archive({{"m/text", text}}, true);
  const Archive archive(content, "m.pt2", "file");
  EXPECT_TRUE(archive.entries().at(0).is_compressed);
  EXPECT_EQ(archive.text("m/text", text.size()), text);
  EXPECT_NE(message_of<Error>([&] { archive.text("m/text", text.size() - 1); }).find("at most 99999 are read"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { archive.stored("m/text"); }).find("is compressed"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { archive.stored("m/other"); }).find("has no entry 'm/other'"), std::string::npos);
}

TEST(ExportedProgram, IsSavedAsTorchScript) {
  ExportWriter writer = linear_export();
  writer.output("y");
  Module module = read_export(writer);
  std::stringstream stream;
  module.save(stream);
  Module again = torch::jit::load(stream);
  const Tensor x = torch::randn({2, 4});
  EXPECT_TRUE(run_module(again, x).equal(run_module(module, x)));
  EXPECT_EQ((*again.named_parameters().begin()).name, "fc.weight");
}

TEST(ExportedProgram, KeepsTiedWeightsTied) {
  ExportWriter writer;
  const Tensor weight = torch::randn({4, 4}).requires_grad_();
  writer.parameter("first.weight", weight);
  writer.parameter("second.weight", weight);
  writer.input("x");
  writer.node("aten.linear.default",
              arguments(tensor_argument("input", "x"), tensor_argument("weight", "v_first_weight")), "h");
  writer.node("aten.linear.default",
              arguments(tensor_argument("input", "h"), tensor_argument("weight", "v_second_weight")), "y");
  writer.output("y");
  const Tensor twin = weight.detach().clone().requires_grad_(), x = torch::ones({1, 4});
  torch::linear(torch::linear(x, twin), twin).sum().backward();
  for (const Layout layout : {Layout::new_files, Layout::old_files}) {
    Module module = read_export(writer, layout);
    ASSERT_EQ(module.named_parameters().size(), 1U);
    run_module(module, x).sum().backward();
    EXPECT_TRUE((*module.parameters().begin()).grad().allclose(twin.grad()));
  }
}

TEST(ExportedProgram, DoesNotTrainFrozenParameters) {
  ExportWriter writer;
  writer.parameter("weight", torch::ones({4}));
  writer.input("x");
  writer.node("aten.mul.Tensor", binary("x", "v_weight"), "y");
  writer.output("y");
  EXPECT_FALSE(read_export(writer).attr("weight").toTensor().requires_grad());
}

TEST(ExportedProgram, TakesConstantsForOtherInputs) {
  ExportWriter writer;
  writer.input("x");
  writer.constant_input("times", R"({"as_int": 3})");
  writer.constant_input("mask", R"({"as_none": true})");
  writer.node("aten.mul.Tensor",
              arguments(tensor_argument("self", "x"), argument("other", "as_sym_int", R"({"as_name": "times"})")), "y");
  writer.output("y");
  Module module = read_export(writer);
  EXPECT_TRUE(run_module(module, torch::ones({2})).equal(torch::full({2}, 3.0)));
}

TEST(ExportedProgram, LeavesItsInputAsItIs) {
  ExportWriter writer;
  writer.input("x");
  writer.node("aten.view.default", arguments(tensor_argument("self", "x"), argument("size", "as_ints", "[-1]")), "v");
  writer.node("aten.relu_.default", tensor_argument("self", "v"), "r");
  writer.node("aten.add.Tensor", binary("r", "x"), "y");
  writer.output("y");
  Module module = read_export(writer);
  const Tensor x = torch::tensor({-1.0, 2.0});
  EXPECT_TRUE(run_module(module, x).equal(torch::tensor({0.0, 4.0})));
  EXPECT_TRUE(x.equal(torch::tensor({-1.0, 2.0})));
}

/// x [n, 2] through batch norm, dropout and a counter, as they are exported in evaluation or in training.
ExportWriter regularized_export(bool exported_in_training) {
  const std::string flag = exported_in_training ? "true" : "false";
  ExportWriter writer;
  writer.parameter("bn.weight", torch::full({2}, 2.0).requires_grad_());
  writer.parameter("bn.bias", torch::ones({2}).requires_grad_());
  writer.buffer("bn.running_mean", torch::zeros({2}));
  writer.buffer("bn.running_var", torch::ones({2}));
  writer.buffer("bn.num_batches_tracked", torch::tensor(0, torch::kLong));
  writer.input("x");
  writer.node("aten.add_.Tensor",
              arguments(tensor_argument("self", "v_bn_num_batches_tracked"), argument("other", "as_int", "1")), "count",
              "bn");
  writer.node("aten.batch_norm.default",
              arguments(tensor_argument("input", "x"), tensor_argument("weight", "v_bn_weight"),
                        tensor_argument("bias", "v_bn_bias"), tensor_argument("running_mean", "v_bn_running_mean"),
                        tensor_argument("running_var", "v_bn_running_var"), argument("training", "as_bool", flag),
                        argument("momentum", "as_float", "0.5"), argument("eps", "as_float", "0.0"),
                        argument("cudnn_enabled", "as_bool", "true")),
              "n", "bn");
  writer.node(
      "aten.dropout.default",
      arguments(tensor_argument("input", "n"), argument("p", "as_float", "0.5"), argument("train", "as_bool", flag)),
      "y", "drop");
  writer.output("y");
  return writer;
}

TEST(ExportedProgram, FollowsTheModeOfTheModule) {
  const Tensor x = torch::randn({64, 2}) * 3 + 1;
  for (const bool exported_in_training : {false, true}) {
    Module module = read_export(regularized_export(exported_in_training));
    EXPECT_TRUE(run_module(module, x).allclose(x * 2 + 1));
    EXPECT_TRUE(tensor_of(module, "bn", "running_mean").equal(torch::zeros({2})));
    EXPECT_EQ(tensor_of(module, "bn", "num_batches_tracked").item<int64_t>(), 0);
    module.train();
    const Tensor y = run_module(module, x);
    const Tensor normalized = (x - x.mean(0)) / x.std(0, false) * 2 + 1;
    EXPECT_GT((y == 0).sum().item<int64_t>(), 20);
    EXPECT_TRUE(y.allclose(torch::where(y == 0, y, normalized * 2), 1e-4, 1e-4));
    EXPECT_TRUE(tensor_of(module, "bn", "running_mean").allclose(x.mean(0) / 2));
    EXPECT_EQ(tensor_of(module, "bn", "num_batches_tracked").item<int64_t>(), 1);
    y.sum().backward();
    EXPECT_TRUE(tensor_of(module, "bn", "weight").grad().defined());
  }
}

TEST(ExportedProgram, TrainsBatchNormThatWasTakenApart) {
  const Tensor x = torch::randn({32, 2}) * 3 + 1;
  for (const bool is_functional : {false, true}) {
    ExportWriter writer;
    writer.parameter("bn.weight", torch::ones({2}).requires_grad_());
    writer.parameter("bn.bias", torch::zeros({2}).requires_grad_());
    writer.buffer("bn.running_mean", torch::zeros({2}));
    writer.buffer("bn.running_var", torch::ones({2}));
    writer.input("x");
    std::string all = arguments(
        tensor_argument("input", "x"), tensor_argument("weight", "v_bn_weight"), tensor_argument("bias", "v_bn_bias"),
        tensor_argument("running_mean", "v_bn_running_mean"), tensor_argument("running_var", "v_bn_running_var"),
        argument("momentum", "as_float", "0.1"), argument("eps", "as_float", "0.0"));
    if (is_functional) {
      writer.node("aten._native_batch_norm_legit_functional.default",
                  arguments(all, argument("training", "as_bool", "true")), "y n_unused_1 n_unused_2 mean var");
      writer.output(R"({"buffer_mutation": {"arg": {"name": "mean"}, "buffer_name": "bn.running_mean"}})");
      writer.output(R"({"buffer_mutation": {"arg": {"name": "var"}, "buffer_name": "bn.running_var"}})");
    } else {
      writer.node("aten._native_batch_norm_legit_no_training.default", all, "y n_unused_1 n_unused_2");
    }
    writer.output("y");
    Module module = read_export(writer);
    EXPECT_TRUE(run_module(module, x).allclose(x));
    module.train();
    EXPECT_TRUE(run_module(module, x).allclose((x - x.mean(0)) / x.std(0, false), 1e-4, 1e-4));
    EXPECT_TRUE(tensor_of(module, "bn", "running_mean").allclose(x.mean(0) / 10));
  }
}

TEST(ExportedProgram, WritesBuffersBack) {
  ExportWriter writer;
  writer.parameter("weight", torch::full({2}, 3.0).requires_grad_());
  writer.buffer("memory", torch::zeros({2}));
  writer.input("x");
  writer.node("aten.mul.Tensor", binary("x", "v_weight"), "scaled");
  writer.node("aten.add.Tensor", binary("v_memory", "scaled"), "sum");
  writer.node("aten.mul.Tensor", arguments(tensor_argument("self", "v_memory"), argument("other", "as_int", "1")), "y");
  writer.node("aten.add.Tensor", binary("y", "scaled"), "z");
  writer.output(R"({"buffer_mutation": {"arg": {"name": "sum"}, "buffer_name": "memory"}})");
  writer.output("z");
  Module module = read_export(writer);
  const Tensor x = torch::ones({2});
  EXPECT_TRUE(run_module(module, x).equal(torch::full({2}, 3.0)));  // of the memory before
  EXPECT_TRUE(run_module(module, x).equal(torch::full({2}, 6.0)));
  EXPECT_TRUE(module.attr("memory").toTensor().equal(torch::full({2}, 6.0)));
  EXPECT_FALSE(module.attr("memory").toTensor().requires_grad());
}

/// The keys of what a program with the outputs y, y + 1 and y + 2 returns, of which each is read.
std::vector<std::string> names_of_outputs(const std::string& tree) {
  ExportWriter writer = linear_export();
  for (const char* number : {"1", "2"})
    writer.node("aten.add.Tensor", arguments(tensor_argument("self", "y"), argument("other", "as_int", number)),
                std::string("z") + number);
  for (const char* output : {"y", "z1", "z2"}) writer.output(output);
  writer.output_tree(tree);
  Module module = read_export(writer);
  const Tensor x = torch::randn({2, 4});
  const auto returned = module.forward({x}).toGenericDict();
  std::vector<std::string> names;
  double more = 0;
  const Tensor y = torch::linear(x, tensor_of(module, "fc", "weight"), tensor_of(module, "fc", "bias"));
  for (const auto& entry : returned) {
    names.push_back(entry.key().toStringRef());
    EXPECT_TRUE(entry.value().toTensor().allclose(y + more++));
  }
  return names;
}

TEST(ExportedProgram, NamesItsOutputs) {
  const std::string leaf = R"({"type": null, "context": null, "children_spec": []})";
  const auto tree = [](const std::string& type, const std::string& context, const std::string& children) {
    return fmt::format(R"({{"type": "{}", "context": "{}", "children_spec": [{}]}})", type, context, children);
  };
  using Names = std::vector<std::string>;
  const std::string two = leaf + ", " + leaf, three = two + ", " + leaf;
  EXPECT_EQ(names_of_outputs(""), (Names{"0", "1", "2"}));
  EXPECT_EQ(names_of_outputs(tree("builtins.dict", R"([\"logits\", \"a\", \"b\"])", three)),
            (Names{"logits", "a", "b"}));
  EXPECT_EQ(names_of_outputs(
                tree("builtins.dict", R"([\"logits\", \"hidden\"])", leaf + ", " + tree("builtins.list", "null", two))),
            (Names{"logits", "hidden.0", "hidden.1"}));
  EXPECT_EQ(names_of_outputs(
                tree("builtins.tuple", "null", leaf + ", " + tree("collections.namedtuple", R"(\"Result\")", two))),
            (Names{"0", "1.scores", "1.hidden"}));
  EXPECT_EQ(names_of_outputs(tree("some.Class", "not JSON", three)), (Names{"0", "1", "2"}));
}

TEST(ExportedProgram, ReturnsATensorAloneAsItIs) {
  ExportWriter writer = linear_export();
  writer.output("y");
  writer.output(R"({"user_output": {"arg": {"as_none": true}}})");
  writer.output(R"({"user_output": {"arg": {"as_int": 3}}})");
  Module module = read_export(writer);
  EXPECT_TRUE(module.forward({torch::ones({1, 4})}).isTensor());
}

/// The features of a program by their names.
c10::Dict<std::string, Tensor> features_of(const ExportWriter& writer, const Tensor& x) {
  Module module = read_export(writer);
  const auto both = module.get_method("forward_with_features")({x}).toTupleRef().elements().vec();
  return c10::impl::toTypedDict<std::string, Tensor>(both.at(1).toGenericDict());
}

TEST(ExportedProgram, GivesFeaturesOfItsModules) {
  ExportWriter writer;
  writer.input("x");
  const auto add = [](const std::string& self, const char* number) {
    return arguments(tensor_argument("self", self), argument("other", "as_int", number));
  };
  writer.node("aten.add.Tensor", add("x", "1"), "a", "block.first");
  writer.node("aten.mul.Tensor", binary("a", "a"), "unused", "block.first");  // not what it returns
  writer.node("aten.add.Tensor", add("a", "2"), "b", "block");
  writer.node("aten.add.Tensor", add("b", "3"), "c", "act");
  writer.node("aten.add.Tensor", add("c", "4"), "d", "block.first@1");
  writer.node("aten.add.Tensor", add("d", "5"), "e", "act@1");
  writer.node("aten.relu_.default", tensor_argument("self", "e"), "f", "relu");
  writer.node("aten.add.Tensor", add("f", "6"), "y");
  writer.output("y");
  const auto features = features_of(writer, torch::full({1}, -20.0));
  std::map<std::string, double> values;
  for (const auto& entry : features) values[entry.key()] = entry.value().item<double>();
  const std::map<std::string, double> expected = {{"block", -17},   {"block.first", -19},   {"act", -14},
                                                  {"block:2", -10}, {"block.first:2", -10}, {"act:2", 0},
                                                  {"relu", 0}};
  EXPECT_EQ(values, expected);  // relu works in the place of act's second output
}

TEST(ExportedProgram, FeatureOfAModuleWithSeveralResultsIsTheOneThatIsUsed) {
  ExportWriter writer;
  writer.input("x");
  writer.node("aten.max.dim", arguments(tensor_argument("self", "x"), argument("dim", "as_int", "1")), "v i", "top");
  writer.node("aten.mul.Tensor", arguments(tensor_argument("self", "v"), argument("other", "as_int", "2")), "y");
  writer.output("y");
  EXPECT_TRUE(features_of(writer, torch::tensor({{1.0, 5.0}})).at("top").equal(torch::tensor({5.0})));
}

TEST(ExportedProgram, WritesOutRegionsWithoutGradient) {
  ExportWriter writer = linear_export();
  const std::string graph =
      R"({"name": "inner", "graph": {"inputs": [{"as_tensor": {"name": "x"}}], )"
      R"("outputs": [{"as_tensor": {"name": "z"}}], )"
      R"("nodes": [{"target": "torch.ops.aten.relu.default", "inputs": [{"name": "self", "arg": {"as_tensor": )"
      R"({"name": "x"}}, "kind": 1}], "outputs": [{"as_tensor": {"name": "z"}}], "metadata": {}}]}})";
  writer.node("higher_order.wrap_with_set_grad_enabled",
              arguments(argument("", "as_bool", "false"), argument("", "as_graph", graph), tensor_argument("", "y")),
              R"([{"as_tensors": [{"name": "r"}]}])");
  writer.node("aten.add.Tensor", binary("r", "y"), "w");
  writer.output("w");
  Module module = read_export(writer);
  const Tensor x = torch::randn({5, 4});
  const Tensor y = torch::linear(x, tensor_of(module, "fc", "weight"), tensor_of(module, "fc", "bias"));
  const Tensor result = run_module(module, x);
  EXPECT_TRUE(result.allclose(y + y.relu()));
  result.sum().backward();
  EXPECT_TRUE(tensor_of(module, "fc", "bias").grad().allclose(torch::full({3}, 5.0)));
}

}  // namespace
}  // namespace limbeck
