#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/utils.h>

#include <cmath>

#include "core/error.h"
#include "programs/exported_program.h"
#include "support/export_writer.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

using torch::Tensor;
using Module = torch::jit::Module;

/// A program of an operation with these arguments, of which it returns the result y.
Module operation_module(const std::string& target, const std::string& all, const std::string& results = "y") {
  ExportWriter writer;
  writer.input("x");
  writer.node(target, all, results);
  writer.output("y");
  return read_exported_program(writer.content(), "m.pt2");
}
Tensor computed(const std::string& target, const std::string& all, const Tensor& x, const std::string& results = "y") {
  Module module = operation_module(target, all, results);
  module.eval();
  return module.forward({x}).toTensor();
}
const std::string kSelf = tensor_argument("self", "x");

Tensor numbers() {
  return torch::linspace(-1, 1, 24).reshape({2, 3, 4});
}

TEST(ExportedOperations, TakeEveryKindOfArgument) {
  const Tensor x = numbers();
  const auto expect = [&](const std::string& target, const std::string& all, const Tensor& expected) {
    const Tensor result = computed(target, all, x);
    EXPECT_TRUE(result.scalar_type() == expected.scalar_type() && result.equal(expected)) << target << " " << all;
  };
  expect("aten.sum.dim_IntList", arguments(kSelf, argument("dim", "as_ints", "[1, 2]")), x.sum({1, 2}));
  expect("aten.sum.dim_IntList",
         arguments(kSelf, argument("dim", "as_ints", "[1]"), argument("keepdim", "as_bool", "true"),
                   argument("dtype", "as_scalar_type", "8")),
         x.sum({1}, true, torch::kDouble));
  expect("aten.to.dtype", arguments(kSelf, argument("dtype", "as_scalar_type", "5")), x.to(torch::kLong));
  expect("aten.to.dtype", arguments(kSelf, argument("dtype", "as_scalar_type", "12")), x.to(torch::kBool));
  expect("aten.leaky_relu.default", arguments(kSelf, argument("negative_slope", "as_float", "0.5")),
         torch::leaky_relu(x, 0.5));
  expect("aten.gelu.default", arguments(kSelf, argument("approximate", "as_string", "\"tanh\"")),
         torch::gelu(x, "tanh"));
  expect("aten.clamp.default", arguments(kSelf, argument("min", "as_none", "true"), argument("max", "as_int", "0")),
         x.clamp_max(0));
  expect("aten.clamp.default",
         arguments(kSelf, argument("min", "as_none", "[]"), argument("max", "as_float", "\"-Infinity\"")),
         torch::full_like(x, -INFINITY));
  expect("aten.clamp.default", arguments(kSelf, argument("min", "as_float", "Infinity")),
         torch::full_like(x, INFINITY));
  expect(
      "aten.cat.default",
      arguments(argument("tensors", "as_tensors", R"([{"name": "x"}, {"name": "x"}])"), argument("dim", "as_int", "1")),
      torch::cat({x, x}, 1));
  expect("aten.clone.default", arguments(kSelf, argument("memory_format", "as_memory_format", "4")), x);
  expect("aten.roll.default",
         arguments(kSelf, argument("shifts", "as_sym_ints", R"([{"as_int": 1}])"), argument("dims", "as_ints", "[2]")),
         x.roll({1}, {2}));
  expect("aten.upsample_nearest1d.vec",
         arguments(tensor_argument("input", "x"), argument("output_size", "as_none", "true"),
                   argument("scale_factors", "as_floats", "[2.0]")),
         x.repeat_interleave(2, 2));
  expect("aten.clamp_min.Tensor",
         arguments(kSelf, argument("min", "as_optional_tensor", R"({"as_tensor": {"name": "x"}})")), x);
}

TEST(ExportedOperations, TakeNumbersForTensors) {
  const Tensor x = numbers();
  const auto expect = [&](const std::string& target, const std::string& kind, const std::string& value,
                          const Tensor& expected) {
    const Tensor result = computed(target, arguments(kSelf, argument("other", kind, value)), x);
    EXPECT_TRUE(result.scalar_type() == expected.scalar_type() && result.equal(expected)) << target;
  };
  expect("aten.add.Tensor", "as_int", "1", x + 1);
  expect("aten.mul.Tensor", "as_float", "0.5", x * 0.5);
  expect("aten.div.Tensor", "as_sym_int", R"({"as_int": 4})", x / 4);
  expect("aten.gt.Tensor", "as_int", "0", x > 0);
  expect("aten.maximum.default", "as_float", "0.25", x.clamp_min(0.25));  // there is no overload for numbers
}

TEST(ExportedOperations, TakeTensorsWithHoles) {
  ExportWriter writer;
  writer.constant("rows", torch::tensor({1, 0}, torch::kLong));
  writer.input("x");
  writer.node("aten.index.Tensor",
              arguments(kSelf, argument("indices", "as_optional_tensors",
                                        R"([{"as_none": true}, {"as_tensor": {"name": "v_rows"}}])")),
              "y");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  EXPECT_TRUE(
      module.forward({numbers()}).toTensor().equal(numbers().index_select(1, torch::tensor({1, 0}, torch::kLong))));
}

TEST(ExportedOperations, MakeTensorsWhereTheInputIs) {
  ExportWriter writer;
  writer.input("x");
  writer.node("aten.zeros.default",
              arguments(argument("size", "as_ints", "[2]"), argument("dtype", "as_scalar_type", "7"),
                        argument("device", "as_device", R"({"type": "cuda", "index": 0})"),
                        argument("layout", "as_layout", "7"), argument("pin_memory", "as_bool", "true")),
              "z");
  writer.node("aten.arange.default", argument("end", "as_int", "2"), "a");  // nothing says where
  writer.node("aten._to_copy.default",
              arguments(tensor_argument("self", "a"), argument("dtype", "as_scalar_type", "7"),
                        argument("device", "as_device", R"({"type": "cuda", "index": 0})")),
              "f");
  writer.node("aten.add.Tensor", arguments(tensor_argument("self", "x"), tensor_argument("other", "z")), "b");
  writer.node("aten.add.Tensor", arguments(tensor_argument("self", "b"), tensor_argument("other", "f")), "y");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  EXPECT_TRUE(module.forward({torch::ones({2})}).toTensor().equal(torch::tensor({1.0, 2.0})));
  EXPECT_EQ(module.forward({torch::ones({2}, torch::kMeta)}).toTensor().device().type(), torch::kMeta);
}

TEST(ExportedOperations, UnpackLists) {
  ExportWriter writer;
  writer.input("x");
  writer.node("aten.chunk.default", arguments(kSelf, argument("chunks", "as_int", "2"), argument("dim", "as_int", "2")),
              R"([{"as_tensors": [{"name": "a"}, {"name": "b"}]}])");
  writer.node("_operator.getitem",
              arguments(argument("a", "as_tensors", R"([{"name": "a"}, {"name": "b"}])"), argument("b", "as_int", "1")),
              "c");
  writer.node("aten.sub.Tensor", arguments(tensor_argument("self", "a"), tensor_argument("other", "c")), "y");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  EXPECT_TRUE(module.forward({numbers()}).toTensor().allclose(torch::full({2, 3, 2}, -2 * 2.0 / 23)));
}

/// A number that the program computes of n = x.size(0) and m = x.size(1), added to zeros.
double arithmetic_of(const std::string& target, const std::string& all, const char* kind = "as_sym_int") {
  ExportWriter writer;
  writer.input("x");
  for (const char* dimension : {"0", "1"})
    writer.node("aten.sym_size.int", arguments(kSelf, argument("dim", "as_int", dimension)),
                fmt::format(R"([{{"as_sym_int": {{"as_name": "s{}"}}}}])", dimension));
  writer.node(target, all, fmt::format(R"([{{"{}": {{"as_name": "r"}}}}])", kind));
  writer.node("aten.zeros_like.default", kSelf, "z");
  writer.node("aten.add.Tensor",
              arguments(tensor_argument("self", "z"), argument("other", kind, R"({"as_name": "r"})")), "y");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  return module.forward({torch::ones({7, 2})}).toTensor()[0][0].item<double>();
}

TEST(ExportedOperations, ComputeSizes) {
  const std::string n = argument("a", "as_sym_int", R"({"as_name": "s0"})"),
                    m = argument("b", "as_sym_int", R"({"as_name": "s1"})"), both = arguments(n, m);
  EXPECT_EQ(arithmetic_of("_operator.mul", both), 14);
  EXPECT_EQ(arithmetic_of("_operator.add", arguments(n, argument("b", "as_int", "3"))), 10);
  EXPECT_EQ(arithmetic_of("_operator.sub", both), 5);
  EXPECT_EQ(arithmetic_of("_operator.floordiv", both), 3);
  EXPECT_EQ(arithmetic_of("_operator.mod", both), 1);
  EXPECT_EQ(arithmetic_of("_operator.pow", both), 49);
  EXPECT_EQ(arithmetic_of("_operator.neg", n), -7);
  EXPECT_EQ(arithmetic_of("_operator.truediv", both, "as_sym_float"), 3.5);
  EXPECT_EQ(arithmetic_of("torch.sym_float", n, "as_sym_float"), 7);
  EXPECT_EQ(arithmetic_of("torch.sym_max", both), 7);
  EXPECT_EQ(arithmetic_of("torch.sym_min", both), 2);
  EXPECT_EQ(arithmetic_of("aten.sym_numel.default", kSelf), 14);
  EXPECT_EQ(arithmetic_of("torch.sym_ite", arguments(argument("b", "as_bool", "false"), n, m)), 2);
  EXPECT_EQ(arithmetic_of("math.trunc", argument("x", "as_float", "-2.5")), -2);
  EXPECT_EQ(arithmetic_of("math.ceil", argument("x", "as_float", "2.5")), 3);
}

TEST(ExportedOperations, TakeBatchesOfAnySize) {
  ExportWriter writer;
  writer.input("x");
  writer.node("aten.sym_size.int", arguments(kSelf, argument("dim", "as_int", "0")),
              R"([{"as_sym_int": {"as_name": "n"}}])");
  writer.node("_operator.ge",
              arguments(argument("a", "as_sym_int", R"({"as_name": "n"})"), argument("b", "as_int", "2")),
              R"([{"as_sym_bool": {"as_name": "c"}}])");
  writer.node(
      "aten._assert_scalar.default",
      arguments(argument("self", "as_sym_bool", R"({"as_name": "c"})"), argument("assert_msg", "as_string", "\"n\"")),
      "[]");
  writer.node("aten.view.default",
              arguments(kSelf, argument("size", "as_sym_ints", R"([{"as_name": "n"}, {"as_int": 12}])")), "y");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  for (const int64_t batch : {1, 2, 5})
    EXPECT_EQ(module.forward({torch::ones({batch, 3, 4})}).toTensor().sizes(), torch::IntArrayRef({batch, 12}));
}

TEST(ExportedOperations, AreWrittenByOthers) {
  const Tensor x = numbers();
  const std::string input = tensor_argument("input", "x");
  const auto expect = [&](const Tensor& result, const Tensor& expected) {
    EXPECT_EQ(result.scalar_type(), expected.scalar_type());
    EXPECT_TRUE(result.allclose(expected, 1e-5, 1e-6));
  };
  const std::string axis = argument("dim", "as_int", "-1"), no_half = argument("half_to_float", "as_bool", "false");
  expect(computed("aten._softmax.default", arguments(kSelf, axis, no_half), x), x.softmax(-1));
  expect(computed("aten._log_softmax.default", arguments(kSelf, axis, no_half), x), x.log_softmax(-1));
  expect(computed("aten._safe_softmax.default", arguments(kSelf, axis), x), x.softmax(-1));
  expect(computed("aten._safe_softmax.default", arguments(kSelf, axis), torch::full({2, 3}, -INFINITY)),
         torch::zeros({2, 3}));
  expect(computed("aten._unsafe_view.default", arguments(kSelf, argument("size", "as_ints", "[6, 4]")), x),
         x.reshape({6, 4}));
  expect(computed("aten._to_copy.default", arguments(kSelf, argument("dtype", "as_scalar_type", "8")), x),
         x.to(torch::kDouble));
  expect(computed("prims.convert_element_type.default",
                  arguments(tensor_argument("a", "x"), argument("dtype", "as_scalar_type", "8")), x),
         x.to(torch::kDouble));
  expect(computed("aten.squeeze.dims", arguments(kSelf, argument("dim", "as_ints", "[0, 2]")), torch::ones({1, 3, 1})),
         torch::ones({3}));
  expect(computed("aten.any.dims", arguments(kSelf, argument("dim", "as_ints", "[-1, -2]")), x > 0.9),
         (x > 0.9).any(2).any(1));
  expect(
      computed("aten.all.dims",
               arguments(kSelf, argument("dim", "as_ints", "[1, 2]"), argument("keepdim", "as_bool", "true")), x > -2),
      torch::ones({2, 1, 1}, torch::kBool));
  expect(computed("aten.rms_norm.default", arguments(input, argument("normalized_shape", "as_ints", "[3, 4]")), x),
         x / (x.square().mean({1, 2}, true) + std::ldexp(1.0F, -23)).sqrt());
  expect(
      computed("aten.native_layer_norm.default",
               arguments(input, argument("normalized_shape", "as_ints", "[4]"), argument("weight", "as_none", "true"),
                         argument("bias", "as_none", "true"), argument("eps", "as_float", "0.1")),
               x, "y n_unused_1 n_unused_2"),
      torch::layer_norm(x, {4}, {}, {}, 0.1));
  expect(computed("aten.native_group_norm.default",
                  arguments(input, argument("N", "as_int", "2"), argument("C", "as_int", "3"),
                            argument("HxW", "as_int", "4"), argument("group", "as_int", "1"),
                            argument("eps", "as_float", "0.1")),
                  x, "y n_unused_1 n_unused_2"),
         torch::group_norm(x, 1, {}, {}, 0.1));
  expect(
      computed("aten._adaptive_avg_pool2d.default", arguments(kSelf, argument("output_size", "as_ints", "[1, 1]")), x),
      x.mean({1, 2}, true));
  expect(computed("aten.linalg_vector_norm.default", arguments(kSelf, argument("dim", "as_ints", "[2]")), x),
         x.norm(2, {2}));
  expect(computed("aten.lift_fresh_copy.default", kSelf, x), x);
  expect(computed("aten.to.dtype_layout",
                  arguments(kSelf, argument("dtype", "as_scalar_type", "8"), argument("layout", "as_layout", "7"),
                            argument("device", "as_device", R"({"type": "cuda", "index": 0})")),
                  x),
         x.to(torch::kDouble));
}

/// softmax(q kᵀ s + mask) v of one query, key and value, in float64, row by row.
Tensor naive_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, double scale) {
  Tensor result = torch::zeros_like(q.to(torch::kDouble));
  for (int64_t row = 0; row < q.size(0); ++row) {
    double total = 0;
    std::vector<double> weights;
    for (int64_t key = 0; key < k.size(0); ++key) {
      weights.push_back(std::exp((q[row] * k[key]).sum().item<double>() * scale + mask[row][key].item<double>()));
      total += weights.back();
    }
    for (int64_t key = 0; key < k.size(0) && total > 0; ++key) result[row] += v[key] * (weights[key] / total);
  }
  return result;
}

TEST(ExportedOperations, AttendAsPyTorchDoes) {
  torch::manual_seed(3);
  const Tensor x = torch::randn({5, 4}), key = torch::randn({5, 4}), value = torch::randn({5, 4});
  const Tensor bias = torch::randn({5, 5}), causal = torch::ones({5, 5}).tril();
  const Tensor seen =
      torch::tensor({{1, 0, 1, 0, 1}, {0, 0, 0, 0, 0}, {1, 1, 1, 1, 1}, {0, 1, 0, 0, 0}, {1, 0, 0, 0, 1}});
  const auto attention = [&](const std::string& more, const char* name = "scaled_dot_product_attention") {
    ExportWriter writer;
    writer.constant("k", key);
    writer.constant("v", value);
    writer.constant("bias", bias);
    writer.constant("seen", seen.to(torch::kBool));
    writer.input("x");
    writer.node(
        std::string("aten.") + name + ".default",
        arguments(tensor_argument("query", "x"), tensor_argument("key", "v_k"), tensor_argument("value", "v_v"), more),
        "y");
    writer.output("y");
    Module module = read_exported_program(writer.content(), "m.pt2");
    module.eval();
    const Tensor query = x.clone().requires_grad_();
    const Tensor result = module.forward({query}).toTensor();
    result.sum().backward();
    EXPECT_TRUE(query.grad().isfinite().all().item<bool>());
    return result.detach().to(torch::kDouble);
  };
  const auto infinite = [](const Tensor& open) { return open.to(torch::kFloat).log(); };
  const Tensor none = torch::zeros({5, 5});
  EXPECT_TRUE(attention(argument("dropout_p", "as_float", "0.0"))
                  .allclose(naive_attention(x, key, value, none, 0.5), 1e-4, 1e-5));
  EXPECT_TRUE(
      attention(argument("scale", "as_float", "2.0")).allclose(naive_attention(x, key, value, none, 2), 1e-4, 1e-5));
  EXPECT_TRUE(attention(argument("is_causal", "as_bool", "true"))
                  .allclose(naive_attention(x, key, value, infinite(causal), 0.5), 1e-4, 1e-5));
  EXPECT_TRUE(attention(tensor_argument("attn_mask", "v_bias"))
                  .allclose(naive_attention(x, key, value, bias, 0.5), 1e-4, 1e-5));
  EXPECT_TRUE(attention(tensor_argument("attn_mask", "v_seen"))
                  .allclose(naive_attention(x, key, value, infinite(seen), 0.5), 1e-4, 1e-5));
  EXPECT_TRUE(attention(tensor_argument("attn_bias", "v_bias"), "_scaled_dot_product_efficient_attention")
                  .allclose(naive_attention(x, key, value, bias, 0.5), 1e-4, 1e-5));
}

TEST(ExportedOperations, AttendWithGroupsOfHeadsAndDropout) {
  const Tensor key = torch::randn({1, 2, 5, 4});
  ExportWriter writer;
  writer.constant("k", key);
  writer.input("x");
  writer.node("aten.scaled_dot_product_attention.default",
              arguments(tensor_argument("query", "x"), tensor_argument("key", "v_k"), tensor_argument("value", "v_k"),
                        argument("dropout_p", "as_float", "0.5"), argument("enable_gqa", "as_bool", "true")),
              "y");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  module.eval();
  const Tensor x = torch::randn({1, 4, 5, 4}), result = module.forward({x}).toTensor();
  for (int64_t head = 0; head < 4; ++head) {
    const Tensor own = key[0][head / 2];
    EXPECT_TRUE(result[0][head]
                    .to(torch::kDouble)
                    .allclose(naive_attention(x[0][head], own, own, torch::zeros({5, 5}), 0.5), 1e-4, 1e-5));
  }
  module.train();
  EXPECT_FALSE(module.forward({x}).toTensor().allclose(result));
}

TEST(ExportedOperations, OfRecurrentLayersFollowTheMode) {
  ExportWriter writer;
  const std::vector<Tensor> weights = {torch::randn({8, 3}), torch::randn({8, 2}), torch::randn({8, 2}),
                                       torch::randn({8, 2})};
  for (size_t i = 0; i < weights.size(); ++i) writer.parameter("w" + std::to_string(i), weights[i]);
  writer.input("x");
  writer.node("aten.zeros.default", argument("size", "as_ints", "[2, 4, 2]"), "h");
  writer.node(
      "aten.lstm.input",
      arguments(tensor_argument("input", "x"), argument("hx", "as_tensors", R"([{"name": "h"}, {"name": "h"}])"),
                argument("params", "as_tensors",
                         R"([{"name": "v_w0"}, {"name": "v_w1"}, {"name": "v_w2"}, {"name": "v_w3"}])"),
                argument("has_biases", "as_bool", "false"), argument("num_layers", "as_int", "2"),
                argument("dropout", "as_float", "0.9"), argument("train", "as_bool", "false"),
                argument("bidirectional", "as_bool", "false"), argument("batch_first", "as_bool", "true")),
      "y h_unused_1 h_unused_2");
  writer.output("y");
  Module module = read_exported_program(writer.content(), "m.pt2");
  module.eval();
  const Tensor x = torch::randn({4, 6, 3}), h = torch::zeros({2, 4, 2});
  const Tensor expected = std::get<0>(torch::lstm(x, {h, h}, weights, false, 2, 0.9, false, false, true));
  EXPECT_TRUE(module.forward({x}).toTensor().allclose(expected));
  module.train();
  EXPECT_FALSE(module.forward({x}).toTensor().allclose(expected));
}

}  // namespace
}  // namespace limbeck
