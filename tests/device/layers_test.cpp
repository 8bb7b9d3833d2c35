// Layers of LibTorch with a backward pass of their own, against LibTorch's.
#include <ATen/ops/linear.h>

#include "device_test.h"

namespace limbeck {
namespace {

TEST(DeviceMeanOfPixels, IsLibTorchs) {
  torch::manual_seed(6);
  const torch::Tensor x = torch::randn({3, 5, 4, 7}).contiguous(torch::MemoryFormat::ChannelsLast);
  torch::Tensor ours = x.clone().requires_grad_(), theirs = x.clone().requires_grad_();
  const torch::Tensor mean = mean_of_pixels(ours), expected = theirs.mean({2, 3}, true),
                      factors = torch::randn({3, 5, 1, 1});
  EXPECT_TRUE(same_bits(mean, expected));
  (mean * factors).sum().backward();
  (expected * factors).sum().backward();
  EXPECT_LT(distance(ours.grad(), theirs.grad()), kFloatTolerance);
  EXPECT_TRUE(ours.grad().is_contiguous(torch::MemoryFormat::ChannelsLast));
}

TEST(DeviceRectifiedLinear, IsLibTorchs) {
  torch::manual_seed(7);
  for (const bool to_x : {false, true}) {
    const torch::Tensor x = torch::randn({6, 9}), weight = torch::randn({5, 9}), bias = torch::randn({5}),
                        factors = torch::randn({6, 5});
    const auto copies = [&] {
      std::vector<torch::Tensor> own;
      for (const torch::Tensor* each : {&x, &weight, &bias}) own.push_back(each->clone().requires_grad_());
      own[0].requires_grad_(to_x);
      return own;
    };
    const std::vector<torch::Tensor> ours = copies(), theirs = copies();
    const torch::Tensor y = rectified_linear(ours[0], ours[1], ours[2]),
                        expected = at::linear(theirs[0], theirs[1], theirs[2]).relu();
    EXPECT_LT(distance(y, expected), kFloatTolerance);
    (y * factors).sum().backward();
    (expected * factors).sum().backward();
    EXPECT_EQ(ours[0].grad().defined(), to_x);
    for (size_t i = to_x ? 0 : 1; i < ours.size(); ++i)
      EXPECT_LT(distance(ours[i].grad(), theirs[i].grad()), kFloatTolerance) << i;
  }
}

}  // namespace
}  // namespace limbeck
