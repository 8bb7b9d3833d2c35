// The fused paths of image networks against LibTorch's own operations.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kernels/direct_convolution.h"
#include "kernels/fused_batch_norm.h"
#include "kernels/fused_convolution.h"
#include "kernels/products.h"
#include "kernels/winograd.h"

namespace limbeck {
namespace {

torch::Tensor random_tensor(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape);
}

/// The largest difference, relative to the largest value of the oracle.
double difference(const torch::Tensor& value, const torch::Tensor& oracle) {
  return ((value - oracle).abs().max() / oracle.abs().max().clamp_min(1e-12)).item<double>();
}

struct ConvolutionCase {
  int64_t images, height, width, in, out;
};

class WinogradTest : public testing::TestWithParam<std::tuple<ConvolutionCase, bool>> {};

TEST_P(WinogradTest, IsTheConvolution) {
  const auto& [size, wide] = GetParam();
  const torch::Tensor x =
      random_tensor({size.images, size.in, size.height, size.width}, 1).contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor weight = random_tensor({size.out, size.in, 3, 3}, 2), bias = random_tensor({size.out}, 3);
  const WinogradShape shape{size.images, size.height, size.width, size.in, size.out, wide};
  std::vector<float> transformed(static_cast<size_t>(shape.weights())),
      workspace(static_cast<size_t>(shape.workspace()));
  transform_weights(shape, weight.data_ptr<float>(), false, transformed.data(), 0, size.in);
  torch::Tensor y =
      torch::zeros({size.images, size.out, size.height, size.width}).contiguous(at::MemoryFormat::ChannelsLast);
  convolve_blocks(shape, x.data_ptr<float>(), transformed.data(), {.bias = bias.data_ptr<float>()}, y.data_ptr<float>(),
                  0, shape.blocks(), workspace.data());
  const torch::Tensor oracle =
      torch::conv2d(x.to(torch::kFloat64), weight.to(torch::kFloat64), bias.to(torch::kFloat64), 1, 1);
  EXPECT_LT(difference(y, oracle), 3e-5);
}

TEST_P(WinogradTest, GradientOfWeightsIsTheConvolutions) {
  const auto& [size, wide] = GetParam();
  const torch::Tensor x =
      random_tensor({size.images, size.in, size.height, size.width}, 1).contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor gradient =
      random_tensor({size.images, size.out, size.height, size.width}, 2).contiguous(at::MemoryFormat::ChannelsLast);
  const WinogradShape shape{size.images, size.height, size.width, size.in, size.out, wide};
  std::vector<float> sums(static_cast<size_t>(2 * shape.weights())), workspace(static_cast<size_t>(shape.workspace()));
  const int64_t middle = shape.blocks() / 2;
  add_weight_gradient(shape, x.data_ptr<float>(), gradient.data_ptr<float>(), 0, middle, workspace.data(), sums.data());
  add_weight_gradient(shape, x.data_ptr<float>(), gradient.data_ptr<float>(), middle, shape.blocks(), workspace.data(),
                      sums.data() + shape.weights());
  torch::Tensor found = torch::zeros({size.out, size.in, 3, 3});
  finish_weight_gradient(shape, sums.data(), 2, found.data_ptr<float>(), 0, size.in);
  const torch::Tensor weight = torch::zeros({size.out, size.in, 3, 3}, torch::kFloat64).requires_grad_();
  torch::conv2d(x.to(torch::kFloat64), weight, {}, 1, 1).backward(gradient.to(torch::kFloat64));
  EXPECT_LT(difference(found, weight.grad()), 5e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, WinogradTest,
    testing::Combine(testing::Values(ConvolutionCase{1, 1, 1, 16, 16}, ConvolutionCase{2, 3, 5, 16, 32},
                                     ConvolutionCase{3, 8, 8, 32, 16}, ConvolutionCase{5, 9, 7, 48, 80},
                                     ConvolutionCase{2, 32, 32, 16, 16}, ConvolutionCase{1, 4, 4, 256, 128}),
                     testing::Bool()),
    [](const auto& info) {
      const ConvolutionCase& size = std::get<0>(info.param);
      return fmt::format("n{}h{}w{}in{}out{}{}", size.images, size.height, size.width, size.in, size.out,
                         std::get<1>(info.param) ? "wide" : "narrow");
    });

TEST(FusedConvolution, GradientsAreTheConvolutions) {
  const Convolution op{.in = 16, .out = 32, .kernel = 3, .stride = 1, .padding = 1, .bias = true};
  ASSERT_TRUE(is_winograd(op));
  std::vector<torch::Tensor> fused = {random_tensor({3, 16, 10, 6}, 1), random_tensor({32, 16, 3, 3}, 2),
                                      random_tensor({32}, 3)};
  std::vector<torch::Tensor> plain;
  for (torch::Tensor& tensor : fused) {
    plain.push_back(tensor.clone().requires_grad_());
    tensor.requires_grad_();
  }
  const torch::Tensor gradient = random_tensor({3, 32, 10, 6}, 4);
  fused_convolution(op, fused[0], fused[1], fused[2]).backward(gradient);
  torch::conv2d(plain[0], plain[1], plain[2], 1, 1).backward(gradient);
  for (size_t i = 0; i < fused.size(); ++i)
    EXPECT_LT(difference(fused[i].grad(), plain[i].grad()), 3e-5) << "input " << i;
}

struct PatchCase {
  Convolution op;
  int64_t images, height, width;
};

class PatchTest : public testing::TestWithParam<std::tuple<PatchCase, bool>> {};

TEST_P(PatchTest, IsTheConvolution) {
  const auto& [given, wide] = GetParam();
  const Convolution& op = given.op;
  const auto channels_last = [](const torch::Tensor& image) {
    return image.contiguous(at::MemoryFormat::ChannelsLast);
  };
  const torch::Tensor x = channels_last(random_tensor({given.images, op.in, given.height, given.width}, 1));
  const torch::Tensor weight = random_tensor({op.out, op.in, op.kernel, op.kernel}, 2),
                      bias = random_tensor({op.out}, 3);
  const FloatPatches shape{
      {given.images, given.height, given.width, op.in, op.out, op.kernel, op.stride, op.padding, wide}};
  std::vector<float> packed(static_cast<size_t>(shape.weights())), turned(packed.size()), sums(2 * packed.size()),
      workspace(static_cast<size_t>(shape.workspace()));
  const torch::Tensor in = x.to(torch::kFloat64).requires_grad_(), of = weight.to(torch::kFloat64).requires_grad_();
  const torch::Tensor oracle = torch::conv2d(in, of, bias.to(torch::kFloat64), op.stride, op.padding);
  torch::Tensor y = channels_last(torch::full(oracle.sizes(), NAN));
  pack_patch_weights(shape, weight.data_ptr<float>(), false, packed.data());
  for (int64_t block = 0; block < shape.blocks(); ++block)
    convolve_patches(shape, x.data_ptr<float>(), packed.data(), {.bias = bias.data_ptr<float>()}, y.data_ptr<float>(),
                     block, workspace.data());
  EXPECT_LT(difference(y, oracle), 3e-6);

  const torch::Tensor gradient = channels_last(random_tensor(oracle.sizes().vec(), 4));
  oracle.backward(gradient.to(torch::kFloat64));
  const int64_t middle = shape.blocks() / 2;
  add_patch_gradient(shape, x.data_ptr<float>(), gradient.data_ptr<float>(), 0, middle, workspace.data(), sums.data());
  add_patch_gradient(shape, x.data_ptr<float>(), gradient.data_ptr<float>(), middle, shape.blocks(), workspace.data(),
                     sums.data() + shape.weights());
  torch::Tensor of_weight = torch::full_like(weight, NAN), of_x = torch::full_like(x, NAN);
  finish_patch_gradient(shape, sums.data(), 2, of_weight.data_ptr<float>());
  EXPECT_LT(difference(of_weight, of.grad()), 1e-5);
  pack_patch_weights(shape, weight.data_ptr<float>(), true, turned.data());
  for (int64_t image = 0; image < given.images; ++image)
    patch_input_gradient(shape, gradient.data_ptr<float>(), turned.data(), image, of_x.data_ptr<float>(),
                         workspace.data());
  EXPECT_LT(difference(of_x, in.grad()), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PatchTest,
    testing::Combine(
        testing::Values(PatchCase{{.in = 3, .out = 16, .kernel = 3, .stride = 1, .padding = 1}, 2, 32, 32},
                        PatchCase{{.in = 16, .out = 32, .kernel = 3, .stride = 2, .padding = 1}, 3, 32, 32},
                        PatchCase{{.in = 32, .out = 64, .kernel = 1, .stride = 2, .padding = 0}, 5, 9, 7},
                        PatchCase{{.in = 5, .out = 48, .kernel = 5, .stride = 3, .padding = 2}, 2, 11, 6},
                        PatchCase{{.in = 16, .out = 16, .kernel = 7, .stride = 2, .padding = 3}, 1, 4, 4},
                        PatchCase{{.in = 1, .out = 96, .kernel = 8, .stride = 1, .padding = 0}, 2, 28, 28},
                        PatchCase{{.in = 16, .out = 32, .kernel = 5, .stride = 1, .padding = 3}, 3, 10, 10},
                        PatchCase{{.in = 16, .out = 48, .kernel = 3, .stride = 1, .padding = 3}, 2, 4, 4},
                        PatchCase{{.in = 16, .out = 32, .kernel = 3, .stride = 1, .padding = 0}, 2, 12, 12}),
        testing::Bool()),
    [](const auto& info) {
      const PatchCase& given = std::get<0>(info.param);
      return fmt::format("in{}out{}kernel{}stride{}{}", given.op.in, given.op.out, given.op.kernel, given.op.stride,
                         std::get<1>(info.param) ? "wide" : "narrow");
    });

TEST(FusedConvolution, StridedGradientsAreTheConvolutions) {
  const Convolution op{.in = 16, .out = 32, .kernel = 3, .stride = 2, .padding = 1, .bias = true};
  ASSERT_TRUE(multiplies_patches(op));
  std::vector<torch::Tensor> fused = {random_tensor({3, 16, 10, 6}, 1), random_tensor({32, 16, 3, 3}, 2),
                                      random_tensor({32}, 3)};
  std::vector<torch::Tensor> plain;
  for (torch::Tensor& tensor : fused) {
    plain.push_back(tensor.clone().requires_grad_());
    tensor.requires_grad_();
  }
  const torch::Tensor gradient = random_tensor({3, 32, 5, 3}, 4);
  fused_convolution(op, fused[0], fused[1], fused[2]).backward(gradient);
  torch::conv2d(plain[0], plain[1], plain[2], 2, 1).backward(gradient);
  for (size_t i = 0; i < fused.size(); ++i)
    EXPECT_LT(difference(fused[i].grad(), plain[i].grad()), 1e-5) << "input " << i;
}

TEST(FusedConvolution, OfOnePixelMultipliesRoundedFactors) {
  if (!has_fast_bfloat16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const auto rounded = [](const torch::Tensor& values) {
    return values.detach().to(torch::kBFloat16).to(torch::kFloat32);
  };
  const Convolution op{.in = 64, .out = 80, .kernel = 1, .stride = 1, .padding = 0, .bias = true};
  ASSERT_TRUE(worth_bfloat16(op));
  const torch::Tensor x = random_tensor({3, 64, 5, 7}, 1).requires_grad_(),
                      weight = random_tensor({80, 64, 1, 1}, 2).requires_grad_();
  const torch::Tensor bias = random_tensor({80}, 3).requires_grad_(), gradient = random_tensor({3, 80, 5, 7}, 4),
                      added = random_tensor({3, 80, 5, 7}, 5);
  const torch::Tensor y = fused_convolution(op, x, weight, bias, to_bfloat16(weight));
  const torch::Tensor oracle = torch::conv2d(rounded(x), rounded(weight), bias.detach());
  EXPECT_LT(difference(y, oracle), 1e-5);
  EXPECT_GT(difference(y, torch::conv2d(x, weight, bias)), 1e-4) << "nothing was rounded";
  y.backward(gradient);
  const torch::Tensor x_rounded = rounded(x).requires_grad_(), weight_rounded = rounded(weight).requires_grad_();
  torch::conv2d(x_rounded, weight_rounded).backward(rounded(gradient));
  EXPECT_LT(difference(x.grad(), x_rounded.grad()), 1e-5);
  EXPECT_LT(difference(weight.grad(), weight_rounded.grad()), 1e-5);
  EXPECT_LT(difference(bias.grad(), gradient.sum({0, 2, 3})), 1e-5);
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inferred =
      convolve_without_gradient(op, x, weight, bias, added, {.on = true, .slope = 0}, to_bfloat16(weight));
  EXPECT_LT(difference(inferred, torch::relu(oracle + added)), 1e-5);
}

TEST(FusedConvolution, IsRoundedOnlyWhereThatGains) {
  const auto worth = [](int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups) {
    return worth_bfloat16(Convolution{.in = in,
                                      .out = out,
                                      .kernel = kernel,
                                      .stride = stride,
                                      .padding = kernel / 2,
                                      .groups = groups,
                                      .bias = false});
  };
  EXPECT_TRUE(worth(64, 64, 1, 1, 1));
  EXPECT_FALSE(worth(63, 64, 1, 1, 1));
  EXPECT_FALSE(worth(64, 64, 3, 1, 1));
  EXPECT_FALSE(worth(64, 64, 1, 2, 1));
  EXPECT_FALSE(worth(128, 128, 1, 1, 2));
}

torch::Tensor rectified(const torch::Tensor& x, const Rectifier& by) {
  return torch::leaky_relu(x, by.slope).clamp_max(by.most);
}

TEST(FusedConvolution, InferenceEndsInAnyRectifier) {
  const torch::NoGradGuard no_gradient;
  for (const int64_t kernel : {1, 3}) {
    const Convolution op{.in = 16, .out = 32, .kernel = kernel, .stride = 1, .padding = kernel / 2, .bias = true};
    const torch::Tensor x = random_tensor({3, 16, 10, 6}, 1), weight = random_tensor({32, 16, kernel, kernel}, 2),
                        bias = random_tensor({32}, 3);
    const torch::Tensor added = random_tensor({3, 32, 10, 6}, 4),
                        sum = torch::conv2d(x, weight, bias, 1, kernel / 2) + added;
    for (const Rectifier& rectifier :
         {Rectifier{.on = true}, Rectifier{.on = true, .slope = 0.1F}, Rectifier{.on = true, .most = 6}})
      EXPECT_LT(
          difference(convolve_without_gradient(op, x, weight, bias, added, rectifier, {}), rectified(sum, rectifier)),
          3e-5)
          << kernel << " " << rectifier.most;
  }
}

struct NormCase {
  int64_t channels, side;
  bool adds;
  Rectifier rectifier;
};

class FusedBatchNormTest : public testing::TestWithParam<NormCase> {};

TEST_P(FusedBatchNormTest, IsBatchNormThenSumThenRelu) {
  const NormCase& given = GetParam();
  const BatchNorm op{.channels = given.channels, .epsilon = 1e-5, .momentum = 0.1};
  const std::vector<int64_t> shape = {7, given.channels, given.side, given.side};
  std::vector<torch::Tensor> fused = {random_tensor(shape, 1) * 3 + 100, random_tensor({given.channels}, 2),
                                      random_tensor({given.channels}, 3), random_tensor(shape, 4)};
  std::vector<torch::Tensor> plain;
  for (torch::Tensor& tensor : fused) {
    plain.push_back(tensor.to(torch::kFloat64).requires_grad_());
    tensor.requires_grad_();
  }
  const auto buffers = [&](torch::ScalarType type) {
    return std::vector<torch::Tensor>{torch::zeros({given.channels}, type), torch::ones({given.channels}, type)};
  };
  const std::vector<torch::Tensor> of_fused = buffers(torch::kFloat32), of_plain = buffers(torch::kFloat64);
  const torch::Tensor y = fused_batch_norm(op, fused[0], {fused[1], fused[2], of_fused[0], of_fused[1]},
                                           given.adds ? fused[3] : torch::Tensor(), given.rectifier);
  torch::Tensor oracle =
      torch::batch_norm(plain[0], plain[1], plain[2], of_plain[0], of_plain[1], true, op.momentum, op.epsilon, false);
  if (given.adds) oracle = oracle + plain[3];
  if (given.rectifier.on) oracle = rectified(oracle, given.rectifier);
  EXPECT_LT(difference(y.detach(), oracle.detach()), 2e-5);
  for (size_t i = 0; i < 2; ++i) EXPECT_LT(difference(of_fused[i], of_plain[i]), 1e-5) << "buffer " << i;
  const torch::Tensor gradient = random_tensor(shape, 5);
  y.backward(gradient);
  oracle.backward(gradient.to(torch::kFloat64));
  for (size_t i = 0; i < (given.adds ? 4U : 3U); ++i)
    EXPECT_LT(difference(fused[i].grad(), plain[i].grad()), 1e-4) << "input " << i;
}

INSTANTIATE_TEST_SUITE_P(Cases, FusedBatchNormTest,
                         testing::Values(NormCase{16, 32, false, {}}, NormCase{16, 8, true, {true, 0}},
                                         NormCase{5, 3, false, {true, 0.1F}}, NormCase{600, 2, true, {}},
                                         NormCase{3, 1, true, {true, 0}},
                                         NormCase{16, 8, true, {.on = true, .most = 0.7F}}));

}  // namespace
}  // namespace limbeck
