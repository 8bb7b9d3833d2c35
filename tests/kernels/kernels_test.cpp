// What kernels compute, without networks.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "kernels/byte_rounding.h"
#include "kernels/dropout.h"
#include "kernels/fused_linear.h"
#include "kernels/plain_operations.h"
#include "kernels/products.h"

namespace limbeck {
namespace {

TEST(FusedLinear, IsLinearThenReluThenDropout) {
  if (!has_products()) GTEST_SKIP() << "this build has no oneDNN";
  const Linear linear{.in = 30, .out = 50};
  const Dropout drop{.probability = 0.4, .lane = 1};
  const Noise noise{5, 2, torch::arange(7)};
  torch::manual_seed(1);
  const torch::Tensor inputs = torch::randn({7, 30}), gradient = torch::randn({7, 50});
  std::vector<torch::Tensor> fused = {inputs.clone(), torch::randn({50, 30}), torch::randn({50})}, plain;
  for (torch::Tensor& tensor : fused) {
    plain.push_back(tensor.clone().requires_grad_());
    tensor.requires_grad_();
  }
  ASSERT_TRUE(can_fuse_linear(fused[0], fused[1]));
  const torch::Tensor y = fused_linear(fused[0], fused[1], fused[2], {Activation::relu, &drop, &noise});
  const OperationContext context{.parameters = {plain[1], plain[2]}, .buffers = {}, .noise = &noise};
  torch::Tensor oracle = run_operation(linear, {plain[0]}, context);
  oracle = run_operation(drop, {run_operation(Relu{}, {oracle}, context)}, context);
  EXPECT_TRUE(y.allclose(oracle, 1e-5, 1e-5));    // float32, sums of 30 products
  EXPECT_GT(y.eq(0).sum().item<int64_t>(), 100);  // half by ReLU, 4 of 10 others by dropout
  y.backward(gradient);
  oracle.backward(gradient);
  for (size_t i = 0; i < fused.size(); ++i)
    EXPECT_TRUE(fused[i].grad().allclose(plain[i].grad(), 1e-4, 1e-5)) << "input " << i;
}

TEST(Bfloat16, IsRoundedAsPyTorchRoundsIt) {
  const float infinity = std::numeric_limits<float>::infinity();
  torch::Tensor values = torch::randn({1000}) * torch::pow(10.0, torch::randint(-30, 30, {1000}));
  values = torch::cat(
      {values, torch::tensor({0.0F, -0.0F, 1.00390625F, 1.01171875F, 3.4e38F, 1e-41F, infinity, -infinity})});
  EXPECT_TRUE(to_bfloat16(values).equal(values.to(torch::kBFloat16)));  // 1 + 2⁻⁸ and 1 + 3·2⁻⁸ are ties
  EXPECT_TRUE(to_bfloat16(torch::full({3}, std::nanf("0x3fffff"))).isnan().all().item<bool>());
}

TEST(Bfloat16, BothPassesMultiplyTheRoundedFactors) {
  if (!has_fast_bfloat16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const auto rounded = [](const torch::Tensor& values) {
    return values.detach().to(torch::kBFloat16).to(torch::kFloat32);
  };
  const torch::Tensor x = torch::randn({9, 70}).requires_grad_(), weight = torch::randn({100, 70}).requires_grad_();
  const torch::Tensor bias = torch::randn({100}).requires_grad_(), gradient = torch::randn({9, 100});
  const torch::Tensor y = fused_linear(x, weight, bias, {.activation = Activation::relu}, to_bfloat16(weight));
  EXPECT_TRUE(y.allclose(torch::relu(torch::linear(rounded(x), rounded(weight), bias)), 1e-5, 1e-4));
  y.backward(gradient);
  const torch::Tensor passed = gradient * y.gt(0);
  EXPECT_TRUE(weight.grad().allclose(rounded(passed).t().mm(rounded(x)), 1e-5, 1e-4));
  EXPECT_TRUE(x.grad().allclose(rounded(passed).mm(rounded(weight)), 1e-5, 1e-4));
  EXPECT_TRUE(bias.grad().allclose(passed.sum(0), 1e-5, 1e-4));
}

TEST(Dropout, OneRowAtATimeIsTheMaskOfTensorOperations) {
  const Dropout drop{.probability = 0.3, .lane = 2};
  const Noise noise{(uint64_t{9} << 32) + 4, 3, torch::tensor({0, 5, 70000})};
  const torch::Tensor mask = keep_mask(drop, noise, 100);
  for (int64_t row = 0; row < 3; ++row) {
    std::vector<float> factors(100);
    drop_row(drop, noise.seed, noise.epoch.number(), noise.ids[row].item<int64_t>(), 100, factors.data());
    for (int64_t unit = 0; unit < 100; ++unit)
      ASSERT_FLOAT_EQ(factors[static_cast<size_t>(unit)], mask[row][unit].item<bool>() ? 1 / 0.7F : 0.0F);
  }
}

TEST(Dropout, DecidesAnewBeyondTheFirstHalfMillionUnits) {
  constexpr int64_t kUnits = 2 * (1 << 19);
  const Noise noise{4, 3, torch::tensor({7})};
  const torch::Tensor mask = keep_mask({.probability = 0.5, .lane = 2}, noise, kUnits)[0];
  std::vector<float> factors(kUnits);
  drop_row({.probability = 0.5, .lane = 2}, 4, 3, 7, kUnits, factors.data());
  EXPECT_TRUE(torch::tensor(factors).gt(0).equal(mask));
  const auto differing = [&](const torch::Tensor& other) {
    return mask.slice(0, kUnits / 2).ne(other).to(torch::kFloat64).mean().item<double>();
  };
  EXPECT_NEAR(differing(mask.slice(0, 0, kUnits / 2)), 0.5, 0.01);
  EXPECT_NEAR(differing(keep_mask({.probability = 0.5, .lane = 3}, noise, kUnits / 2)[0]), 0.5, 0.01);
}

TEST(Dropout, DropsAsOftenAsItSays) {
  const torch::Tensor mask = keep_mask({.probability = 0.2}, {1, 0, torch::arange(500)}, 400);
  EXPECT_NEAR(mask.to(torch::kFloat64).mean().item<double>(), 0.8, 0.006);  // 6 standard errors
}

TEST(Rounding, OfWeightsIsByHand) {
  const torch::Tensor weight = torch::tensor({{63.0F, -31.4F, 0.6F}, {0.126F, 0.0F, -0.005F}});
  const torch::Tensor rounded = round_weight(weight);
  EXPECT_TRUE(weight_scales(weight).allclose(torch::tensor({1.0F, 0.002F})));
  EXPECT_TRUE(rounded.allclose(torch::tensor({{63.0F, -31.0F, 1.0F}, {0.126F, 0.0F, -0.004F}}))) << rounded;
  EXPECT_TRUE(round_weight(torch::zeros({2, 3})).equal(torch::zeros({2, 3})));
}

TEST(Rounding, OfWeightsPassesTheGradient) {
  const torch::Tensor weight = torch::rand({4, 5}).requires_grad_();
  (round_weight(weight) * 3).sum().backward();
  EXPECT_TRUE(weight.grad().equal(torch::full({4, 5}, 3.0F)));
}

TEST(Rounding, OfActivationsClampsAndHoldsZero) {
  const torch::Tensor scale = torch::tensor({0.5F}), zero_point = torch::tensor({10.0F});
  const torch::Tensor value = torch::tensor({-100.0F, -5.0F, 0.0F, 0.3F, 1000.0F}).requires_grad_();
  const torch::Tensor rounded = round_activation(value, scale, zero_point);
  EXPECT_TRUE(rounded.equal(torch::tensor({-5.0F, -5.0F, 0.0F, 0.5F, 122.5F}))) << rounded;
  rounded.sum().backward();
  EXPECT_TRUE(value.grad().equal(torch::tensor({0.0F, 1.0F, 1.0F, 1.0F, 0.0F}))) << value.grad();
}

TEST(Rounding, TakesTheRangeThatLosesLeast) {
  const ByteRange even = best_range(torch::linspace(-1, 1, 1001));
  EXPECT_NEAR(even.scale, 2.0 / 255, 1e-3);
  EXPECT_NEAR(static_cast<double>(even.zero_point), 128, 1);
  torch::Tensor outlier = torch::linspace(0, 1, 100000);
  outlier[7] = 1.9;  // one value of many is worth less than the steps of all others
  EXPECT_LT(best_range(outlier).scale * 255, 1.8);
  EXPECT_EQ(best_range(torch::linspace(0.5, 1, 100)).zero_point, 0);  // zero is held, though it is not among the values
  EXPECT_NO_THROW(best_range(torch::zeros({5})));
  EXPECT_THROW(best_range(torch::tensor({1.0F, INFINITY})), Error);
}

}  // namespace
}  // namespace limbeck
