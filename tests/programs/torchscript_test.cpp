#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/utils.h>

#include "kernels/plain_operations.h"
#include "models/model.h"
#include "nn/weights.h"
#include "programs/product_count.h"
#include "programs/program_file.h"
#include "programs/program_network.h"
#include "programs/torchscript_file.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const TaskShape kProgramTask{{1, 4, 4}, 3};

/// A program with weight [3, 16], bias [3] and this body.
torch::jit::Module program(const std::string& body, torch::ScalarType type = torch::kFloat32) {
  torch::jit::Module module("program");
  const auto values = torch::linspace(-1, 1, 48, torch::kFloat64).reshape({3, 16}).to(type);
  module.register_parameter("weight", values.clone().requires_grad_(), false);
  module.register_parameter("bias", torch::tensor({0.5, -0.5, 0.25}).to(type).requires_grad_(), false);
  module.register_buffer("count", torch::zeros({}, torch::kInt64));
  module.register_attribute("training", c10::BoolType::get(), true);
  std::string indented;
  for (size_t at = 0; at < body.size();) {
    const size_t end = std::min(body.find('\n', at), body.size());
    indented += "    " + body.substr(at, end - at) + "\n";
    at = end + 1;
  }
  module.define("def forward(self, x):\n" + indented);
  return module;
}

const std::string kLinear = "return torch.linear(x.flatten(1), self.weight, self.bias)";

class TorchScript : public TemporaryFolder {
 protected:
  fs::path saved(const torch::jit::Module& module, const char* name = "m.pt") const {
    module.save((folder / name).string());
    return folder / name;
  }
  std::unique_ptr<ProgramNetwork> network(const std::string& body, const TaskShape& task = kProgramTask,
                                          const InputOptions& input = {},
                                          torch::ScalarType type = torch::kFloat32) const {
    return std::make_unique<ProgramNetwork>(saved(program(body, type)), task, input);
  }
  std::string refused(const std::string& body, const TaskShape& task = kProgramTask) const {
    return message_of<Error>([&] { network(body, task); });
  }
  std::string named(const std::string& message) const { return "'" + (folder / "m.pt").string() + "' " + message; }
};

TEST_F(TorchScript, GivesWhatTheProgramGives) {
  const auto script = network(kLinear);
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  const TensorMap state = state_of(*script);
  EXPECT_TRUE(
      script->forward(inputs, {}).logits.equal(torch::linear(inputs.flatten(1), state.at("weight"), state.at("bias"))));
  EXPECT_EQ(script->parameter_count(), 51);
  EXPECT_EQ(script->multiply_adds(), 48);
  EXPECT_EQ(script->parameters().size(), 2U);
  EXPECT_EQ(script->buffers().at(0).name, "count");
  EXPECT_NE(message_of<Error>([&] {
              script->forward(torch::rand({2, 3}), {});
            }).find("takes inputs of 1x4x4, got 3"),
            std::string::npos);
}

TEST_F(TorchScript, ResizesAndNormalisesItsOwnInput) {
  const auto script = network(kLinear, {{1, 8, 8}, 3}, {.height = 4, .width = 4, .mean = {0.5}, .deviation = {0.25}});
  const torch::Tensor inputs = torch::rand({5, 1, 8, 8}),
                      seen = (run_operation(Resize{4, 4}, {inputs}, {}) - 0.5) / 0.25;
  const TensorMap state = state_of(*script);
  EXPECT_TRUE(script->forward(inputs, {})
                  .logits.allclose(torch::linear(seen.flatten(1), state.at("weight"), state.at("bias")), 1e-5, 1e-5));
}

TEST_F(TorchScript, TapsFeaturesOfTuplesAndDicts) {
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  const std::string hidden = "h = x.flatten(1) * 2\nz = torch.linear(h, self.weight, self.bias)\n";
  const auto tuple = network(hidden + "return (z, h)");
  EXPECT_TRUE(tuple->forward(inputs, {.taps = {"1"}}).features.at("1").equal(inputs.flatten(1) * 2));
  const torch::Tensor logits = tuple->forward(inputs, {}).logits;
  const auto named_logits = network(hidden + "return {\"hidden\": h, \"logits\": z}"),
             first = network(hidden + "return {\"out\": z, \"hidden\": h}"), list = network(hidden + "return [z, h]");
  for (const auto* script : {&named_logits, &first, &list})
    EXPECT_TRUE((*script)->forward(inputs, {}).logits.equal(logits));
  EXPECT_TRUE(named_logits->forward(inputs, {.taps = {"hidden"}}).features.at("hidden").equal(inputs.flatten(1) * 2));
  EXPECT_NE(message_of<Error>([&] {
              first->forward(inputs, {.taps = {"hiden"}});
            }).find("no feature 'hiden' to tap; did you mean 'hidden'?"),
            std::string::npos);
  EXPECT_NE(
      message_of<Error>([&] { network(kLinear)->forward(inputs, {.taps = {"h"}}); }).find("it returns logits alone"),
      std::string::npos);
}

/// stem (Linear) → twice block, of inner (Linear) and a ReLU → last, of head (Linear).
torch::jit::Module nested_program() {
  const auto linear = [](const char* name, int64_t in, int64_t out) {
    torch::jit::Module module(name);
    torch::manual_seed(in + 10 * out);
    module.register_parameter("weight", torch::randn({out, in}).requires_grad_(), false);
    module.register_attribute("training", c10::BoolType::get(), true);
    module.define("def forward(self, x):\n    return torch.linear(x, self.weight)\n");
    return module;
  };
  torch::jit::Module block("block");
  block.register_module("inner", linear("inner", 8, 8));
  block.register_attribute("training", c10::BoolType::get(), true);
  block.define("def forward(self, x):\n    return torch.relu(self.inner.forward(x))\n");
  torch::jit::Module last("last");  // gives what its own module gives
  last.register_module("head", linear("head", 8, 3));
  last.register_attribute("training", c10::BoolType::get(), true);
  last.define("def forward(self, x):\n    return self.head.forward(x)\n");
  torch::jit::Module whole("whole");
  whole.register_module("stem", linear("stem", 16, 8));
  whole.register_module("block", block);
  whole.register_module("last", last);
  whole.register_attribute("training", c10::BoolType::get(), true);
  whole.define(
      "def forward(self, x):\n    h = self.stem.forward(x.flatten(1))\n    for i in range(2):\n        pass\n"
      "    h = self.block.forward(h)\n    h = self.block.forward(h)\n    if self.training:\n        h = h * 1\n"
      "    return self.last.forward(h)\n");
  return whole;
}

TEST_F(TorchScript, TapsModulesByTheirPaths) {
  const ProgramNetwork script(saved(nested_program()), kProgramTask, {});
  EXPECT_EQ(script.features(), (std::vector<std::string>{"stem", "block", "block.inner", "block:2", "block.inner:2",
                                                         "last", "last.head"}));
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  const TensorMap state = state_of(script);
  const torch::Tensor stem = torch::linear(inputs.flatten(1), state.at("stem.weight")),
                      inner = torch::linear(stem, state.at("block.inner.weight")), first = torch::relu(inner),
                      second = torch::relu(torch::linear(first, state.at("block.inner.weight")));
  const Noise noise{1, 0, torch::arange(5)};
  PreparedWeights prepared;
  for (const ForwardOptions& options :
       {ForwardOptions{}, ForwardOptions{.prepared = &prepared}, ForwardOptions{.noise = &noise}}) {
    ForwardOptions tapped = options;
    tapped.taps = {"block:2", "stem", "block.inner", "last", "last.head"};
    const Outputs outputs = script.forward(inputs, tapped);
    EXPECT_EQ(outputs.features.size(), 5U);
    EXPECT_TRUE(outputs.features.at("stem").equal(stem));
    EXPECT_TRUE(outputs.features.at("block.inner").equal(inner));
    EXPECT_TRUE(outputs.features.at("block:2").equal(second));
    for (const char* end : {"last", "last.head"}) EXPECT_TRUE(outputs.features.at(end).equal(outputs.logits));
    EXPECT_TRUE(outputs.logits.equal(script.forward(inputs, options).logits));
  }
  const Outputs trained = script.forward(inputs, {.noise = &noise, .taps = {"stem"}});
  trained.features.at("stem").sum().backward();
  for (const Parameter& parameter : script.parameters())
    EXPECT_EQ(parameter.value.grad().defined(), parameter.name == "stem.weight") << parameter.name;
  EXPECT_NE(message_of<Error>([&] {
              script.forward(inputs, {.taps = {"block.iner"}});
            }).find("no feature 'block.iner' to tap; did you mean 'block.inner'?"),
            std::string::npos);
}

TEST_F(TorchScript, IsRefusedBeforeTrainingWhereItDoesNotFit) {
  EXPECT_EQ(refused(kLinear, {{1, 4, 4}, 10}), named("tells 3 classes apart, but the data has 10"));
  EXPECT_EQ(
      refused("z = torch.linear(x.flatten(1), self.weight, self.bias)\nreturn {\"hidden\": x.flatten(1), \"out\": z}"),
      named("tells 16 classes apart, but the data has 3; of its outputs 'hidden' was taken: the one called 'logits', "
            "or else the first; `output` names another"));
  EXPECT_EQ(refused(kLinear, {{3, 4, 4}, 3}).find(named("does not take the data's examples of 3x4x4: ")), 0U);
  EXPECT_EQ(refused("return x"), named("gives 3x1x4x4 of Float for 3 examples; expected logits [3, 3]"));
  EXPECT_EQ(refused("return torch.linear(x.flatten(1), self.weight, self.bias) / 0"),
            named("gives logits that are not finite for an input in [0, 1]"));
  EXPECT_EQ(refused("return 3"),
            named("returns no tensor; expected logits [examples, 3], alone or first in a tuple or dict"));
  EXPECT_NE(refused("assert x.size(1) == 3, \"three channels, please\"\nreturn x").find("three channels, please"),
            std::string::npos);
  EXPECT_EQ(network(kLinear, {{1, 4, 4}, 0})->classes(), 3);  // as many as it gives
}

TEST_F(TorchScript, IsRefusedWhereAnExampleIsNotItsOwn) {
  const std::string logits = "z = torch.linear(x.flatten(1), self.weight, self.bias)\n";
  const std::string message =
      named("gives an example other logits when its neighbours in the batch are others, or each time");
  EXPECT_EQ(
      refused(logits + "return torch.batch_norm(z, None, None, None, None, True, 0.1, 1e-5, False)").find(message), 0U);
  for (const char* on : {"True", "False"}) {
    const std::string body =
        std::string("return torch.linear(torch.dropout(x.flatten(1), 0.5, ") + on + "), self.weight, self.bias)";
    if (on == std::string("True"))
      EXPECT_EQ(refused(body).find(message), 0U);
    else
      EXPECT_EQ(network(body)->classes(), 3);
  }
}

TEST_F(TorchScript, ThatEndsWithASoftmaxHasTheLogarithmsOfWhatItGivesAsLogits) {
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  const auto plain = network(kLinear);
  const auto softened = network("return torch.softmax(torch.linear(x.flatten(1), self.weight, self.bias), 1)");
  EXPECT_EQ(plain->returns(), ReturnedValues::logits);
  EXPECT_EQ(softened->returns(), ReturnedValues::probabilities);
  EXPECT_TRUE(
      softened->forward(inputs, {}).logits.allclose(plain->forward(inputs, {}).logits.log_softmax(1), 1e-5, 1e-5));
  // Certainty has a finite logarithm.
  const auto certain = network(
      "return torch.softmax(1000 * torch.linear(x.flatten(1), self.weight, self.bias), 1) * 0.999999 + 0.000001 / 3");
  EXPECT_TRUE(certain->forward(inputs, {}).logits.isfinite().all().item<bool>());
  const auto saturated = network(
      "return torch.softmax((x.flatten(1).sum(1, True) - 6).clamp(min=0) * 1000 + torch.linear(x.flatten(1), "
      "self.weight, self.bias) * "
      "(1 + 1000 * (x.flatten(1).sum(1, True) > 20).float()), 1)");
  ASSERT_EQ(saturated->returns(), ReturnedValues::probabilities);
  EXPECT_TRUE(saturated->forward(torch::full({1, 1, 4, 4}, 2), {}).logits.isfinite().all().item<bool>());
  // In float16, what is smaller than its smallest number is nothing.
  const auto half = network("return torch.softmax(torch.linear(x.flatten(1), self.weight, self.bias), 1).half()");
  ASSERT_EQ(half->returns(), ReturnedValues::probabilities);
  EXPECT_FLOAT_EQ(half->forward(torch::full({1, 1, 4, 4}, 40), {}).logits.min().item<float>(),
                  std::log(std::ldexp(1.0F, -24)));
  // Scores that are no distributions, or zeros and ones, stay as they are.
  for (const char* body :
       {"return torch.sigmoid(torch.linear(x.flatten(1), self.weight, self.bias))",
        "return torch.one_hot(torch.linear(x.flatten(1), self.weight, self.bias).argmax(1), 3).float()"})
    EXPECT_EQ(network(body)->returns(), ReturnedValues::logits) << body;
}

TEST_F(TorchScript, TrainsWhatRequiresAGradient) {
  torch::jit::Module module = program(kLinear);
  module.attr("bias").toTensor().set_requires_grad(false);
  const ProgramNetwork script(saved(module), kProgramTask, {});
  ASSERT_EQ(script.parameters().size(), 1U);
  EXPECT_EQ(script.parameter_count(), 51);
  const Noise noise{1, 0, torch::arange(5)};
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  script.forward(inputs, {.noise = &noise}).logits.sum().backward();
  EXPECT_TRUE(script.parameters()[0].value.grad().allclose(inputs.flatten(1).sum(0).expand({3, 16})));
  torch::Tensor weight = script.parameters()[0].value;
  {
    const torch::NoGradGuard no_gradient;
    weight.zero_();
  }
  EXPECT_TRUE(script.forward(inputs, {})
                  .logits.allclose(torch::tensor({0.5, -0.5, 0.25}).expand({5, 3})));  // the program's own tensor
}

TEST_F(TorchScript, TrainsTiedWeightsAsOneParameter) {
  torch::jit::Module module("tied");
  const torch::Tensor shared = torch::rand({3, 16}).requires_grad_();
  module.register_parameter("weight", shared, false);
  module.register_parameter("same", shared, false);
  module.define(
      "def forward(self, x):\n    return torch.linear(x.flatten(1), self.weight) + torch.linear(x.flatten(1), "
      "self.same)\n");
  const ProgramNetwork script(saved(module), kProgramTask, {});
  ASSERT_EQ(script.parameters().size(), 1U);
  EXPECT_EQ(script.parameter_count(), 48);
  const torch::Tensor inputs = torch::rand({2, 1, 4, 4});
  script.forward(inputs, {}).logits.sum().backward();
  EXPECT_TRUE(script.parameters()[0].value.grad().allclose(2 * inputs.flatten(1).sum(0).expand({3, 16})));
}

TEST_F(TorchScript, DrawsTheSameForTheSameExamplesOfAnEpoch) {
  const auto script =
      network("return torch.linear(torch.dropout(x.flatten(1), 0.5, self.training), self.weight, self.bias)");
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  const auto logits = [&](uint64_t seed, int64_t epoch, int64_t first) {
    const Noise noise{seed, epoch, torch::arange(first, first + 5)};
    return script->forward(inputs, {.noise = &noise}).logits.detach();
  };
  const torch::Tensor once = logits(1, 2, 0);
  torch::rand({7});  // whatever else was drawn
  EXPECT_TRUE(logits(1, 2, 0).equal(once));
  EXPECT_FALSE(logits(2, 2, 0).equal(once));
  EXPECT_FALSE(logits(1, 3, 0).equal(once));
  EXPECT_FALSE(logits(1, 2, 5).equal(once));
  EXPECT_TRUE(script->forward(inputs, {}).logits.equal(script->forward(inputs, {}).logits));
  for (int pass = 0; pass < 5; ++pass)
    EXPECT_TRUE(logits(1, 2, 0).equal(once)) << pass;  // nothing is rewritten after the first passes
}

TEST_F(TorchScript, GivesTheSameBitsInEveryPass) {
  const auto script = network(
      "h = torch.gelu(torch.linear(x.flatten(1), self.weight, self.bias))\n"
      "g = torch.sigmoid(h) * torch.tanh(h) + h / 3.0\n"
      "g = torch.layer_norm(g + h * g, [3])\n"
      "g = g * torch.exp(-(h * h)) / (1 + torch.sqrt(h * h + 0.001))\n"
      "return torch.silu(g) + h");
  const torch::Tensor inputs = torch::rand({8, 1, 4, 4});
  const Noise noise{1, 0, torch::arange(8)};
  torch::Tensor first;
  for (int pass = 0; pass < 5; ++pass) {  // the compiler would begin to rewrite in the second
    script->forward(inputs, {.noise = &noise}).logits.square().sum().backward();
    torch::Tensor weight = script->parameters()[0].value;
    const torch::Tensor gradient = weight.grad().clone();
    if (pass == 0) first = gradient;
    EXPECT_TRUE(gradient.equal(first)) << pass;
    weight.mutable_grad().reset();
  }
}

TEST_F(TorchScript, RemembersWhatItsProgramPutsIntoBuffers) {
  const auto script = network("if self.training:\n  self.count = self.count + 1\n" + kLinear);
  const Noise noise{1, 0, torch::arange(2)};
  for (int pass = 0; pass < 3; ++pass) script->forward(torch::rand({2, 1, 4, 4}), {.noise = &noise});
  EXPECT_EQ(state_of(*script).at("count").item<int64_t>(), 3);
  TensorMap state = state_of(*script);
  state["count"] = torch::tensor(7);
  load_state(*script, state, "here");
  script->forward(torch::rand({2, 1, 4, 4}), {.noise = &noise});
  EXPECT_EQ(state_of(*script).at("count").item<int64_t>(), 8);
}

TEST_F(TorchScript, ComputesInItsOwnTypeAndGivesFloat32) {
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  const torch::Tensor single = network(kLinear)->forward(inputs, {}).logits;
  for (const torch::ScalarType type : {torch::kFloat64, torch::kFloat16, torch::kBFloat16}) {
    const auto script = network(kLinear, kProgramTask, {}, type);
    EXPECT_EQ(script->parameters()[0].value.scalar_type(), type == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32);
    const torch::Tensor logits = script->forward(inputs, {}).logits;
    EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
    EXPECT_TRUE(logits.allclose(single, 0, type == torch::kFloat64 ? 1e-5 : 0.05));  // bfloat16 has 8 bits
  }
}

/// A convolution with batch norm, a feature and logits.
const std::string kConvolution =
    "f = torch.conv2d(x, self.weight.reshape([3, 1, 4, 4]), self.bias, 1, 2)\n"
    "f = torch.relu(torch.batch_norm(f, None, None, self.bias - 0.1, self.bias + 1.0, False, 0.1, 1e-5, False))\n"
    "return {'logits': f.mean([2, 3]), 'map': f}";

TEST_F(TorchScript, WhoseWeightsStayAsTheyAreRunsWithThemAsConstants) {
  const auto script = network(kConvolution);
  const torch::NoGradGuard no_gradient;
  PreparedWeights kept;
  for (const int64_t count : {5, 1, 64}) {
    const torch::Tensor inputs = torch::rand({count, 1, 4, 4});
    const Outputs plain = script->forward(inputs, {.taps = {"map"}}),
                  fast = script->forward(inputs, {.taps = {"map"}, .prepared = &kept});
    EXPECT_TRUE(fast.logits.allclose(plain.logits, 1e-4, 1e-6)) << count;
    EXPECT_TRUE(fast.features.at("map").allclose(plain.features.at("map"), 1e-4, 1e-6)) << count;
    EXPECT_TRUE(fast.logits.equal(script->forward(inputs, {.prepared = &kept}).logits)) << count;
  }
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4}), before = script->forward(inputs, {.prepared = &kept}).logits;
  for (const Parameter& parameter : script->parameters()) parameter.value.mul_(2);
  EXPECT_TRUE(script->forward(inputs, {.prepared = &kept}).logits.equal(before));  // constants
  EXPECT_FALSE(script->forward(inputs, {}).logits.allclose(before));
  EXPECT_EQ(script->parameter_count(), 51);
}

TEST_F(TorchScript, ThatWritesItsBuffersTeachesAsItStands) {
  const auto script = network("if self.training:\n  self.count = self.count + 1\nself.count.add_(1)\n" + kLinear);
  const torch::NoGradGuard no_gradient;
  PreparedWeights kept;
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  EXPECT_TRUE(script->forward(inputs, {.prepared = &kept}).logits.allclose(script->forward(inputs, {}).logits));
}

TEST_F(TorchScript, FrozenProgramsTeachButHaveNothingToTrain) {
  torch::jit::Module module = program(kLinear);
  module.eval();
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4}), before = module.forward({inputs}).toTensor();
  const ProgramNetwork script(saved(torch::jit::freeze(module)), kProgramTask, {});
  EXPECT_TRUE(script.parameters().empty());
  EXPECT_TRUE(script.forward(inputs, {}).logits.allclose(before));
}

TEST_F(TorchScript, IsWrittenWithItsWeightsAndWhatItIsFor) {
  const auto script = network(kLinear);
  {
    const torch::NoGradGuard no_gradient;
    torch::Tensor weight = script->parameters()[0].value;
    weight.mul_(3);
  }
  script->save(folder / "out.pt", {{"limbeck.classes", "[\"a\"]"}});
  EXPECT_EQ(read_torchscript_file(folder / "out.pt").extra.at("limbeck.classes"), "[\"a\"]");
  const torch::Tensor inputs = torch::rand({5, 1, 4, 4});
  torch::jit::Module elsewhere = torch::jit::load((folder / "out.pt").string());
  EXPECT_TRUE(elsewhere.forward({inputs}).toTensor().equal(script->forward(inputs, {}).logits));
}

TEST_F(TorchScript, IsToldFromOthersByItsContentAndItsInput) {
  const auto one = network(kLinear), same = network(kLinear),
             other = network("return torch.linear(x.flatten(1) * 2, self.weight, self.bias)"),
             brighter = network(kLinear, kProgramTask, {.mean = {0.5}, .deviation = {1}});
  EXPECT_EQ(one->identity(), same->identity());
  EXPECT_NE(one->identity(), other->identity());
  EXPECT_NE(one->identity(), brighter->identity());
}

TEST_F(TorchScript, TruncatedAndDamagedFilesAreErrorsThatNameTheFile) {
  const fs::path good = saved(program(kLinear), "good.pt"), bad = folder / "bad.pt";
  const std::string content = read_file(good);
  const torch::Tensor inputs = torch::rand({2, 1, 4, 4}),
                      right = ProgramNetwork(good, kProgramTask, {}).forward(inputs, {}).logits;
  size_t refusals = 0, tries = 0;
  const auto attempt = [&](const std::string& damaged) {
    write_file(bad, damaged);
    ++tries;
    try {  // what is damaged where it does not matter, as between two entries, is as good as before
      EXPECT_TRUE(ProgramNetwork(bad, kProgramTask, {}).forward(inputs, {}).logits.equal(right));
    } catch (const Error& error) {
      ++refusals;
      EXPECT_NE(std::string(error.what()).find("bad.pt"), std::string::npos) << error.what();
    }
  };
  for (size_t size = 0; size < content.size(); size += 17) attempt(content.substr(0, size));
  EXPECT_EQ(refusals, tries);
  for (size_t at = 0; at < content.size(); at += 7) {
    std::string flipped = content;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    attempt(flipped);
  }
  const size_t weights = content.find(
      std::string_view(reinterpret_cast<const char*>(program(kLinear).attr("weight").toTensor().data_ptr()), 192));
  ASSERT_NE(weights, std::string::npos);
  std::string flipped = content;
  flipped[weights + 100] = static_cast<char>(flipped[weights + 100] ^ 1);
  write_file(bad, flipped);
  EXPECT_NE(message_of<Error>([&] { ProgramNetwork(bad, kProgramTask, {}); }).find("the checksum of 'good/data/"),
            std::string::npos);
}

TEST_F(TorchScript, TensorsThatLieOutsideTheirMemoryAreRefused) {
  torch::jit::Module module = program(kLinear);
  torch::Tensor weight = module.attr("weight").toTensor();
  const torch::Tensor small = torch::rand({48});
  {
    const torch::NoGradGuard no_gradient;
    weight.set_data(small);
  }
  const Shape sizes = {3, 16}, strides = {100'000'000, 1};  // as a file may say of its 192 bytes
  weight.unsafeGetTensorImpl()->set_sizes_and_strides(c10::IntArrayRef(sizes), c10::IntArrayRef(strides));
  EXPECT_NE(message_of<Error>([&] {
              ProgramNetwork(saved(module), kProgramTask, {});
            }).find("weight lies outside of its memory"),
            std::string::npos);
}

TEST_F(TorchScript, OtherFilesAreRefused) {
  write_file(folder / "m.pt", "no model at all");
  EXPECT_EQ(message_of<Error>([&] { ProgramNetwork(folder / "m.pt", kProgramTask, {}); }),
            named("is no TorchScript file: it does not begin as torch.jit.save begins one"));
  EXPECT_FALSE(program_format(folder / "m.pt"));
  EXPECT_FALSE(program_format(folder / "none.pt"));
  EXPECT_FALSE(program_format(folder));
  EXPECT_EQ(program_format(saved(program(kLinear))), ProgramFormat::torchscript);
}

TEST_F(TorchScript, ModelsSayWhatTheyAreForOrAreTold) {
  const auto digits = small_digits(20, 10);
  torch::jit::Module module("m");
  module.register_parameter("weight", torch::rand({10, 784}).requires_grad_(), false);
  module.define("def forward(self, x):\n    return torch.linear(x.flatten(1), self.weight)\n");
  const fs::path file = saved(module, "foreign.pt");
  const Choice choice = choose(Slot::network, "{torchscript: '" + file.string() + "'}");
  EXPECT_EQ(short_description(choice), "torchscript foreign.pt");
  EXPECT_FALSE(is_graph(choice));
  EXPECT_NE(message_of<Error>([&] { load_model(file); }).find("does not say what it was made for"), std::string::npos);
  const Model told = load_model(file, ModelDescription{.input = {1, 28, 28}});
  EXPECT_EQ(told.description.classes.size(), 10U);
  const InputOptions input{.mean = {0.5}, .deviation = {0.5}};
  const auto network = make_network(choice, *digits, 1, input);
  save_torchscript(folder / "own.pt", *network, describe_model(choice, *digits, input));
  save_model(folder / "own.safetensors", *network, describe_model(choice, *digits, input));
  const torch::Tensor inputs = torch::rand({3, 1, 28, 28});
  for (const char* name : {"own.pt", "own.safetensors"})
    EXPECT_TRUE(
        load_model(folder / name).network->forward(inputs, {}).logits.equal(network->forward(inputs, {}).logits))
        << name;
  EXPECT_THROW(fold(load_model(folder / "own.pt"), Folding::always), Error);
  const auto graph = make_network(choose(Slot::network, "{mlp: [3]}"), *digits, 1);  // a graph becomes a program
  save_torchscript(folder / "graph.pt", *graph, describe_model(choose(Slot::network, "{mlp: [3]}"), *digits));
  EXPECT_TRUE(
      load_model(folder / "graph.pt").network->forward(inputs, {}).logits.allclose(graph->forward(inputs, {}).logits));
}

TEST(ProductCount, IsThatOfTheGraph) {
  Graph graph({3, 9, 9});
  size_t at =
      graph.add("conv", Convolution{.in = 3, .out = 6, .stride = 2, .padding = 1, .bias = true}, {Graph::kInput});
  at = graph.add("grouped", Convolution{.in = 6, .out = 4, .kernel = 1, .groups = 2}, {at});
  at = graph.add("pool", GlobalAveragePool{}, {at});
  at = graph.add("fc1", Linear{4, 7}, {at});
  graph.add("fc2", Linear{7, 5, /*bias=*/false}, {at});
  const GraphNetwork network(graph, 1, Execution::plain);
  const torch::NoGradGuard no_gradient;
  EXPECT_EQ(count_multiply_adds([&] { network.forward(torch::rand({4, 3, 9, 9}), {}); }), 4 * graph.multiply_adds());
  const torch::Tensor a = torch::rand({5, 2, 3}), b = torch::rand({5, 3, 4});
  EXPECT_EQ(count_multiply_adds([&] { torch::matmul(a, b); }), 5 * 2 * 3 * 4);
  EXPECT_EQ(count_multiply_adds([&] {
              torch::conv_transpose2d(torch::rand({1, 2, 3, 3}), torch::rand({2, 4, 2, 2}));
            }),
            2 * 9 * 4 * 4);
  EXPECT_EQ(count_multiply_adds([] {}), 0);
}

}  // namespace
}  // namespace limbeck
