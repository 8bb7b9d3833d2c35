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
      {"maxout", "y = x.reshape([-1, 3, 2, 2, 4]).max(3)[0]; h = torch.cat([y, y], 2)"},
      {"expand", "y = x.mean([2, 3], True); h = x * y.expand_as(x) + y.expand(-1, 3, 4, -1)"},
      {"softplus", "h = torch.softplus(x, 1, 20) + torch.softplus(x, 3, 20)"},
      {"type", "h = x.type_as(self.weight)"},
      {"reversed", "h = torch.rsub(x, 1, 2)"},
      {"same", "h = torch.conv2d(x, self.filter, None, [1, 1], 'same', [1, 2], 1)"},
  });
}

}  // namespace
}  // namespace limbeck
