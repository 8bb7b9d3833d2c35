// What TorchScript programs do, as ONNX: in onnxruntime it gives the same, or it is refused.
#include "deploy/torchscript_onnx.h"

#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/utils.h>

#include "deploy/onnx.h"
#include "deploy/onnxruntime.h"
#include "support/random_network.h"

namespace limbeck {
namespace {

const TaskShape kTask{{3, 4, 4}, 5};

class TorchscriptOnnx : public OnnxruntimeTest {
 protected:
  /// A program with weight [5, 48], scale int64 [3, 1, 1], token [1, 1, 16], slope [3] and filter [3, 3, 3, 2], and
  /// this body, whose lines are parted by ';'.
  std::unique_ptr<ProgramNetwork> program(const std::string& name, const std::string& body,
                                          torch::ScalarType type = torch::kFloat32) const {
    torch::manual_seed(3);
    torch::jit::Module module("program");
    for (const auto& [parameter, shape] : std::map<std::string, Shape>{
             {"weight", {5, 48}}, {"token", {1, 1, 16}}, {"slope", {3}}, {"filter", {3, 3, 3, 2}}})
      module.register_parameter(parameter, torch::randn(shape).to(type).requires_grad_(), false);
    module.register_buffer("scale", torch::tensor({1, 2, 3}, torch::kInt64).reshape({3, 1, 1}));
    module.register_attribute("training", c10::BoolType::get(), true);
    std::string source = "def forward(self, x):\n";
    for (size_t at = 0; at < body.size();) {
      const size_t end = std::min(body.find(';', at), body.size());
      source += "    " + body.substr(body.find_first_not_of(' ', at), end - body.find_first_not_of(' ', at)) + "\n";
      at = end + 1;
    }
    module.define(source);
    module.save((folder / (name + ".pt")).string());
    return std::make_unique<ProgramNetwork>(folder / (name + ".pt"), kTask, InputOptions{});
  }

  /// That each of the programs, which end with `h` [N, 3, 4, 4], gives in onnxruntime what it gives in LibTorch.
  void expect_each_gives_the_same(const std::map<std::string, std::string>& bodies,
                                  torch::ScalarType type = torch::kFloat32) {
    const torch::Tensor inputs = random_pictures(kTask.input, 6) - 0.5;
    std::map<std::string, torch::Tensor> expected;
    for (const auto& [name, body] : bodies) {
      const auto network = program(name, body + "; return torch.linear(h.flatten(1), self.weight)", type);
      expected[name] = logits_of(*network, inputs.clone());  // a program may change its input
      add(name, to_onnx(*network, kTask.input), inputs);
    }
    run_all();
    for (const auto& [name, logits] : expected) expect_same(logits, output(name, inputs.size(0)), name);
  }

  std::string refused(const std::string& body) const {
    const auto network = program("refused", body + "; return torch.linear(h.flatten(1), self.weight)");
    return message_of<Error>([&] { to_onnx(*network, kTask.input); });
  }
};

TEST_F(TorchscriptOnnx, WhatIsChangedInPlaceChangesUnderAllItsNames) {
  expect_each_gives_the_same({
      {"dropout", "x = x * 2; y = torch.dropout(x, 0.5, False); y.relu_(); h = x + y"},
      {"contiguous", "x = x * 2; y = x.contiguous(); y.relu_(); h = x"},
      {"view", "x = x * 2; y = x.flatten(2); y.relu_(); h = x"},
      {"viewed_before", "x = x * 2; y = x.flatten(2); x.relu_(); h = y.reshape(x.shape)"},
      {"viewed_after", "x = x * 2; x.relu_(); y = x.flatten(2); y.mul_(3.0); h = x"},
      {"list", "x = x * 2; all = [x, x]; x.relu_(); all.append(x); h = all[0] + all[1] + all[2]"},
      {"input", "x.relu_(); h = x"},
      {"other_part", "x = x * 2; a, b, c = x.chunk(3, 1); a.relu_(); h = torch.cat([a, b, c], 1)"},
      {"constant", "y = torch.ones([1, 3, 4, 4]).expand(x.size(0), 3, 4, 4).contiguous(); y.add_(x); h = y"},
      {"copy", "x = x * 2; y = x.clone(); y.relu_(); h = x + y"},
  });
}

TEST_F(TorchscriptOnnx, APartThatIsChangedInPlaceIsRefusedWhereTheWholeIsUsed) {
  EXPECT_NE(refused("h = x.clone(); h[:, 0] *= 3.0").find("shares memory"), std::string::npos);
  EXPECT_NE(refused("x = x * 2; y = x.transpose(2, 3); y.relu_(); h = x").find("shares memory"), std::string::npos);
  EXPECT_NE(refused("x = x * 2; x.zero_(); h = x").find("aten::zero_"), std::string::npos);
  EXPECT_NE(refused("all = [x]; all.insert(0, x * 2); h = all[0]").find("aten::insert"), std::string::npos);
}

TEST_F(TorchscriptOnnx, WholeNumbersOfTheInputAndRoundedQuotientsAreRefused) {
  EXPECT_NE(refused("h = (x * 4).to(3).to(6)").find("makes values of Int"), std::string::npos);
  EXPECT_NE(refused("h = torch.div(x, 0.25, rounding_mode='floor')").find("rounds its quotients"), std::string::npos);
  EXPECT_NE(refused("h = torch.round(x, decimals=1)").find("rounds to decimals"), std::string::npos);
}

TEST_F(TorchscriptOnnx, PlacesOfTheLargestAreRefused) {
  EXPECT_NE(refused("y, i = torch.max(x, 1, True); h = x + i").find("second result"), std::string::npos);
}

TEST_F(TorchscriptOnnx, WhatDependsOnTheNumberOfExamplesIsRefused) {
  for (const char* body : {"h = x / x.size(0)", "h = x + torch.arange(x.size(0)).reshape([-1, 1, 1, 1])"}) {
    const std::string message = refused(body);
    EXPECT_NE(message.find("how many examples"), std::string::npos) << message;
  }
}

TEST_F(TorchscriptOnnx, ConstantsAreRepeatedForEachExample) {
  expect_each_gives_the_same({
      {"zeros", "h = x + torch.zeros([x.size(0), 3, 4, 4])"},
      {"token", "h = torch.cat([self.token.expand(x.size(0), -1, -1), x.flatten(2)[:, 1:]], 1)"},
  });
}

TEST_F(TorchscriptOnnx, WholeConstantsBecomeFloats) {
  expect_each_gives_the_same({{"buffer", "h = x * self.scale"},
                              {"range", "h = torch.arange(4) + x"},
                              {"part", "h = torch.cat([x[:, :2], torch.ones([x.size(0), 1, 4, 4], dtype=4)], 1)"}});
}

TEST_F(TorchscriptOnnx, DoublePrecisionIsWrittenAsSingle) {
  expect_each_gives_the_same({{"double", "h = torch.tanh(x) * 0.3"}}, torch::kFloat64);
}

TEST_F(TorchscriptOnnx, EachOperationGivesTheSame) {
  expect_each_gives_the_same({
      {"sum", "h = x * x.sum([2, 3], True) + x.sum(-1).unsqueeze(3)"},
      {"extremes", "h = x * x.amax([2, 3], True) + x.amin([-1], True)"},
      {"prelu", "h = torch.prelu(x, self.slope) + torch.prelu(x, self.slope[:1])"},
      {"pad", "h = torch.constant_pad_nd(x, [1, -1, 0, 2], 0.25)[:, :, 2:]"},
      {"stack", "h = torch.stack([x, x * 2, torch.ones([x.size(0), 3, 4, 4])], 2).sum([2])"},
      {"clamp", "h = torch.clamp_max(torch.clamp_min(x, -0.2), 0.3)"},
      {"largest", "h = torch.maximum(x, x * 2) + torch.minimum(x, self.scale * x)"},
      {"largest_of_two", "h = torch.max(x, x * 2) + torch.min(x, self.scale * x)"},
      {"largest_along_an_axis", "h = x * torch.max(x, 1, True)[0] + x.min(-1)[0].unsqueeze(3)"},
      {"one_of_two_results",
       "y = torch.max(x, 1, True); y = torch.max(x, 3, True) if x.size(3) > 4 else y; h = x * y[0]"},
      {"maxout", "y = x.reshape([-1, 3, 2, 2, 4]).max(3)[0]; h = torch.cat([y, y], 2)"},
      {"expand", "y = x.mean([2, 3], True); h = x * y.expand_as(x) + y.expand(-1, 3, 4, -1)"},
      {"softplus", "h = torch.softplus(x, 1, 20) + torch.softplus(x, 3, 20)"},
      {"type", "h = x.type_as(self.weight)"},
      {"reversed", "h = torch.rsub(x, 1, 2)"},
      {"same", "h = torch.conv2d(x, self.filter, None, [1, 1], 'same', [1, 2], 1)"},
  });
}

TEST_F(TorchscriptOnnx, ElementwiseOperationsGiveTheSame) {
  expect_each_gives_the_same({
      {"trigonometric", "h = torch.sin(x) + torch.cos(x) * torch.tan(x)"},
      {"rounded", "h = torch.floor(x * 8) + torch.ceil(x * 4) - torch.round(x * 16) + torch.sign(x)"},
      {"roots", "h = torch.rsqrt(x + 1) + torch.reciprocal(x + 2) + torch.square(x) + torch.log1p(x + 1)"},
      {"addcmul", "h = torch.addcmul(x, x, self.scale, value=0.5) + torch.addcdiv(x, x, self.scale)"},
      {"where", "m = self.scale > 1; h = torch.where(m, x, x * 2) + x.masked_fill(m, -0.5)"},
      {"shape_alone", "h = x + x.new_ones([1, 1, 4, 4]) * 2 + torch.ones_like(x) + torch.full_like(x, 3.0)"},
  });
}

TEST_F(TorchscriptOnnx, ActivationsGiveTheSame) {
  expect_each_gives_the_same({
      {"selu", "h = torch.selu(x) + torch.celu(x, 0.7) + torch.celu(x)"},
      {"mish", "h = torch.mish(x) + torch.log_sigmoid(x)"},
      {"gelu", "h = torch.gelu(x) + torch.gelu(x, approximate='tanh')"},
      {"glu", "h = torch.cat([torch.glu(x, 2), torch.glu(x * 2, 2)], 2)"},
      {"dropouts", "h = torch.alpha_dropout(x, 0.5, False) + torch.dropout(x, 0.0, True)"},
  });
}

TEST_F(TorchscriptOnnx, TheBatchMayStandInAnyAxis) {
  expect_each_gives_the_same({
      {"permuted", "y = x.flatten(2).permute(1, 0, 2) * 2; h = y.permute(1, 0, 2).reshape(x.shape)"},
      {"query_key_value",
       "n = x.size(0); q = x.reshape(n, 4, 3, 2, 2).permute(2, 0, 3, 1, 4); "
       "h = torch.stack([q[0] * q[1], q[2], q[0]], 1).reshape(n, 3, 4, 4)"},
      {"unbound", "a, b, c = x.transpose(0, 1).unbind(0); h = torch.stack([a, b * 2, c * a], 1)"},
      {"windows",
       "n = x.size(0); y = x.reshape(n, 3, 2, 2, 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(n * 4, 4, 3); "
       "y = y - y.mean(1, True); y = y.reshape(n, 2, 2, 2, 2, 3).permute(0, 5, 1, 3, 2, 4); "
       "h = y.reshape(n, 3, 4, 4)"},
      {"sequence_first",
       "y = x.flatten(2).permute(2, 0, 1); n = y.size(1); "
       "z = y.contiguous().view(16, n * 3, 1).transpose(0, 1); "
       "z = torch.softmax(torch.bmm(z, z.transpose(1, 2)), -1).sum([-2]); "
       "h = z.reshape(n, 3, 4, 4) * x"},
  });
}

TEST_F(TorchscriptOnnx, TwoExtentsOfTheBatchAreRefused) {
  const std::string message = refused(
      "n = x.size(0); y = x.unsqueeze(0).expand(n, n, 3, 4, 4); "
      "h = y.reshape(n, n, 48)[0].reshape(n, 3, 4, 4)");
  EXPECT_NE(message.find("how many examples"), std::string::npos) << message;
}

TEST_F(TorchscriptOnnx, ShapesAndPartsGiveTheSame) {
  expect_each_gives_the_same({
      {"moved", "h = x.movedim(1, 3).movedim([1, 2, 3], [2, 3, 1]) + x.swapaxes(2, 3)"},
      {"repeated", "h = x[:, :, :2].repeat(1, 1, 2, 1) + x[:, :, :, :1].tile([4])"},
      {"reflected", "h = torch.reflection_pad2d(x[:, :, :2, :3], [1, 0, 1, 1])"},
      {"replicated", "h = torch.replication_pad2d(x[:, :, :2, :3], [1, 0, 0, 2])"},
      {"unflattened", "h = x.flatten(1).unflatten(1, [3, 4, 4])"},
      {"shuffled", "h = torch.pixel_shuffle(x.reshape([-1, 12, 2, 2]), 2)"},
      {"rolled", "h = torch.roll(x, [1, -1], [2, 3]) + torch.roll(x, 3, 1)"},
      {"flipped", "h = x.flip([2, 3]) + x.narrow(3, 1, 1) + x.narrow(2, -1, 1) + x[:, :, :, ::2].sum(3, True)"},
      {"chosen", "h = torch.index_select(x, 2, torch.tensor([3, 1, 1, 0])) + x[:, torch.tensor([-1, 0, 1])]"},
      {"end", "h = x[:, :, 1:].sum(2, True) + x[:, -1:] + x[:, :, :-1].amax(2, True)"},
  });
}

TEST_F(TorchscriptOnnx, ReductionsGiveTheSame) {
  expect_each_gives_the_same({
      {"norms", "h = x / x.norm(2, [1], True).clamp_min(1e-12).expand_as(x) + x.norm(1, [2, 3], True)"},
      {"vector_norm", "h = x + torch.linalg_vector_norm(x, 2, [-1], True)"},
      {"variances",
       "h = x + x.var([2, 3], True, True) + x.std([1], False, True) + x.var([2], correction=2, keepdim=True)"},
      {"logsumexp", "h = x - torch.logsumexp(x, [1], True)"},
      {"cumsum", "h = torch.cumsum(x, 2)"},
  });
}

TEST_F(TorchscriptOnnx, ProductsAndConvolutionsGiveTheSame) {
  expect_each_gives_the_same({
      {"einsum", "h = torch.einsum('bchw,cxyk,bcxh->bchw', [x, self.filter, x[:, :, :3]])"},
      {"baddbmm", "y = x.flatten(1, 2); z = torch.baddbmm(y, y, x[:, 0], beta=0.5, alpha=2); h = z.reshape(x.shape)"},
      {"transposed",
       "w = self.filter[:, :, :2]; h = torch.conv_transpose2d(x[:, :, :2, :2], w, None, [2, 2], [0, 0], "
       "[0, 1])[:, :, :4, :4]"},
      {"upsampled",
       "h = torch.upsample_nearest2d(x[:, :, :2, 1:4], [4, 4]) + "
       "torch.upsample_nearest2d(x[:, :, :2, :2], None, [2.0, 2.0])"},
      {"bilinear",
       "h = torch.upsample_bilinear2d(x[:, :, :3, :2], [4, 4], False) + "
       "torch.upsample_bilinear2d(x[:, :, :2, :3], [4, 4], True)"},
      {"pooled",
       "h = x + torch.adaptive_max_pool2d(x, [1, 1])[0] + torch.adaptive_max_pool2d(x, [2, 1])[0].sum(2, True)"},
      {"pooled_1d",
       "h = x + torch.max_pool1d(x.flatten(2), 3, 2, 1).mean(2).unsqueeze(2).unsqueeze(3) + "
       "torch.adaptive_avg_pool1d(x.flatten(2), 5).amax(2).unsqueeze(2).unsqueeze(3)"},
  });
}

TEST_F(TorchscriptOnnx, NormsGiveTheSame) {
  expect_each_gives_the_same({
      {"groups",
       "h = torch.group_norm(x.transpose(1, 2).contiguous(), 2, self.filter[0, 0, 0, :1].expand(4), None, 1e-3)"
       ".transpose(1, 2)"},
      {"instances", "h = torch.instance_norm(x, self.slope, self.slope, None, None, True, 0.1, 1e-3, False)"},
      {"layers", "h = torch.layer_norm(x, [4, 4], None, None, 1e-3) + torch.layer_norm(x, [4])"},
  });
}

TEST_F(TorchscriptOnnx, FusedLayersOfAttentionGiveTheSame) {
  const std::string rows = "y = x.flatten(1, 2); w = self.filter.reshape([54])[:48].reshape(12, 4); b = w[:, 0]; ";
  const std::string layer = "1e-5, b[:4], b[4:8], b[:4], b[2:6], w[:8], b[:8], w[:8].t(), b[:4]";
  const std::string ending = "; h = z.reshape(x.shape)";
  expect_each_gives_the_same({
      {"attention",
       rows + "z, u = torch._native_multi_head_attention(y, y, y, 4, 2, w, b, w[:4], b[:4], None, False)" + ending},
      {"encoder", rows + "z = torch._transformer_encoder_layer_fwd(y, 4, 2, w, b, w[:4], b[:4], False, False, " +
                      layer + ")" + ending},
      {"normed_first", rows + "z = torch._transformer_encoder_layer_fwd(y, 4, 2, w, b, w[:4], b[:4], True, True, " +
                           layer + ")" + ending},
      {"masked",
       "m = torch.ones([4, 4], dtype=11).tril(); "
       "z, u = torch._scaled_dot_product_attention(x, x * 2, x + 1, m, 0.0, False, False); h = z"},
      {"causal", "z, u = torch._scaled_dot_product_attention(x, x * 2, x + 1, None, 0.0, False, True); h = z"},
      {"scaled", "z, u = torch._scaled_dot_product_attention(x, x * 2, x + 1, None, 0.0, False, False); h = z"},
  });
}

TEST_F(TorchscriptOnnx, WeightsThatDependOnTheInputAreRefused) {
  EXPECT_NE(refused("h = torch.linear(x, x[0, 0])").find("depends on the input"), std::string::npos);
}

TEST_F(TorchscriptOnnx, MessagesMayBePutTogether) {
  expect_each_gives_the_same({{"message", "m = 'width {} of {}'.format(x.size(3), x.size(2)); h = x * len(m)"}});
}

}  // namespace
}  // namespace limbeck
