// Batch norm with a shortcut and an activation, against LibTorch's in float64, and its gradients against autograd's.
#include <ATen/ops/batch_norm.h>
#include <torch/csrc/autograd/autograd.h>

#include "device_test.h"

namespace limbeck {
namespace {

/// The tensors of a batch norm, in a type.
struct NormCase {
  torch::Tensor x, added, gradient;  ///< added: may be undefined
  DeviceNorm norm;
  DeviceRectifier rectifier;

  NormCase(const std::vector<int64_t>& shape, torch::ScalarType type, bool adds, const DeviceRectifier& by,
           double offset = 0.5)
      : rectifier(by) {
    const auto pictures = [&](const torch::Tensor& values) {
      return shape.size() == 4 ? values.to(type).contiguous(torch::MemoryFormat::ChannelsLast) : values.to(type);
    };
    const torch::TensorOptions channels = torch::kFloat32;
    x = pictures(torch::randn(shape) + offset);
    gradient = pictures(torch::randn(shape));
    if (adds) added = pictures(torch::randn(shape));
    norm = {torch::rand({shape[1]}, channels) + 0.5,
            torch::randn({shape[1]}, channels),
            torch::randn({shape[1]}, channels),
            torch::rand({shape[1]}, channels),
            0.1,
            1e-5};
  }

  /// With copies, of another type, of all that is written or has a gradient.
  NormCase copied(torch::ScalarType type) const {
    NormCase other = *this;
    const auto copy = [&](torch::Tensor& tensor, bool differentiable) {
      if (tensor.defined()) tensor = tensor.detach().to(type, false, /*copy=*/true).requires_grad_(differentiable);
    };
    copy(other.x, true);
    copy(other.added, true);
    copy(other.gradient, false);
    copy(other.norm.weight, true);
    copy(other.norm.bias, true);
    copy(other.norm.running_mean, false);
    copy(other.norm.running_variance, false);
    return other;
  }
  void require_gradients() {
    for (torch::Tensor* tensor : {&x, &added, &norm.weight, &norm.bias})
      if (tensor->defined()) tensor->requires_grad_();
  }
};

torch::Tensor reference_norm(NormCase& of) {
  const torch::Tensor y = at::batch_norm(of.x, of.norm.weight, of.norm.bias, of.norm.running_mean,
                                         of.norm.running_variance, true, of.norm.momentum, of.norm.epsilon, false);
  return rectified(of.added.defined() ? y + of.added : y, of.rectifier);
}

const std::vector<std::vector<int64_t>>& norm_shapes() {
  static const std::vector<std::vector<int64_t>> shapes = {
      {1, 1, 5, 7},  {4, 3, 5, 5}, {8, 16, 9, 9},  {2, 37, 3, 3},   {3, 300, 4, 4}, {5, 64, 8, 8},
      {6, 24, 7, 7}, {1, 8, 1, 2}, {2, 130, 5, 3}, {16, 8, 32, 32}, {4096, 10},     {9, 2, 40, 40}};
  return shapes;
}

TEST(DeviceBatchNorm, IsLibTorchsInFloat64) {
  const Launches launches;
  torch::manual_seed(1);
  int64_t count = 0;
  for (const auto& shape : norm_shapes())
    for (const bool adds : {false, true})
      for (const DeviceRectifier& by :
           {DeviceRectifier{}, DeviceRectifier{.on = true}, DeviceRectifier{.on = true, .slope = 0.1F, .most = 1.5F}}) {
        NormCase ours(shape, torch::kFloat32, adds, by);
        NormCase exact = ours.copied(torch::kFloat64), plain = ours.copied(torch::kFloat32);
        ours.require_gradients();
        const torch::Tensor expected = reference_norm(exact);
        const torch::Tensor y = batch_norm_rectified(ours.x, ours.norm, ours.added, by).first;
        const auto [of_plain, mean, inverse] = device_plain::batch_norm_forward(
            plain.x.detach(), plain.norm.weight.detach(), plain.norm.bias.detach(), plain.norm.running_mean,
            plain.norm.running_variance, 0.1, 1e-5, adds ? MaybeTensor(plain.added.detach()) : MaybeTensor(), by.on,
            by.slope, by.most);
        EXPECT_LT(distance(y, expected), kFloatTolerance);
        EXPECT_LT(distance(of_plain, expected), kFloatTolerance);
        EXPECT_EQ(y.strides(), ours.x.strides());
        for (const NormCase* of : {&ours, &plain}) {
          EXPECT_LT(distance(of->norm.running_mean, exact.norm.running_mean), 1e-6);
          EXPECT_LT(distance(of->norm.running_variance, exact.norm.running_variance), 1e-6);
        }
        expected.backward(exact.gradient);
        y.backward(ours.gradient);
        const auto [to_x, to_weight, to_bias, to_added] = device_plain::batch_norm_backward(
            ours.gradient, MaybeTensor(), plain.x.detach(), of_plain, plain.norm.weight.detach(), mean, inverse, adds,
            by.on, by.slope, by.most);
        // Few examples: the deviation of two is nearly 0, and all is divided by it.
        const double near = ours.x.numel() / ours.x.size(1) < 4 ? 1e-3 : kFloatTolerance;
        EXPECT_LT(distance(ours.x.grad(), exact.x.grad()), near) << shape;
        EXPECT_LT(distance(to_x, exact.x.grad()), near) << shape;
        EXPECT_LT(distance(ours.norm.weight.grad(), exact.norm.weight.grad()), near);
        EXPECT_LT(distance(to_weight, exact.norm.weight.grad()), near);
        EXPECT_LT(distance(ours.norm.bias.grad(), exact.norm.bias.grad()), kFloatTolerance);
        EXPECT_LT(distance(to_bias, exact.norm.bias.grad()), kFloatTolerance);
        if (adds) {
          EXPECT_LT(distance(ours.added.grad(), exact.added.grad()), kFloatTolerance);
          EXPECT_LT(distance(to_added, exact.added.grad()), kFloatTolerance);
        }
        ++count;
      }
  for (const char* name : {"batch_norm_moments", "batch_norm_apply", "batch_norm_products", "batch_norm_gradient"})
    EXPECT_EQ(launches.of(name), count) << name;
}

TEST(DeviceBatchNorm, IsComputedInFloat32OfBfloat16) {
  const Launches launches;
  torch::manual_seed(2);
  int64_t count = 0;
  for (const auto& shape : norm_shapes())
    for (const bool adds : {false, true}) {
      const DeviceRectifier by{.on = true, .slope = 0.1F, .most = 1.5F};
      NormCase ours(shape, torch::kBFloat16, adds, by);
      NormCase exact = ours.copied(torch::kFloat64);
      // The norm's vectors stay float32.
      const auto clone = [](const torch::Tensor& tensor) { return tensor.detach().clone(); };
      const DeviceNorm norm{clone(ours.norm.weight), clone(ours.norm.bias), clone(ours.norm.running_mean),
                            clone(ours.norm.running_variance)};
      ours.require_gradients();
      const torch::Tensor expected = reference_norm(exact);
      const torch::Tensor y = batch_norm_rectified(ours.x, ours.norm, ours.added, by).first;
      EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
      EXPECT_LT(distance(y, expected), kBfloat16Tolerance);
      EXPECT_LT(distance(ours.norm.running_variance, exact.norm.running_variance), 1e-6);
      const auto [of_plain, mean, inverse] = device_plain::batch_norm_forward(
          ours.x.detach(), norm.weight, norm.bias, norm.running_mean, norm.running_variance, 0.1, 1e-5,
          adds ? MaybeTensor(ours.added.detach()) : MaybeTensor(), by.on, by.slope, by.most);
      EXPECT_LT(distance(of_plain, expected), kBfloat16Tolerance);
      y.backward(ours.gradient);
      // Where y rounds to `most` no gradient passes: of the same y, the plain form is the reference.
      const auto [to_x, to_weight, to_bias, to_added] =
          device_plain::batch_norm_backward(ours.gradient, MaybeTensor(), ours.x.detach(), y.detach(), norm.weight,
                                            mean, inverse, adds, by.on, by.slope, by.most);
      EXPECT_LT(distance(ours.x.grad(), to_x), 2 * kBfloat16Tolerance) << shape;
      EXPECT_LT(distance(ours.norm.weight.grad(), to_weight), 1e-4);
      EXPECT_LT(distance(ours.norm.bias.grad(), to_bias), kFloatTolerance);
      if (adds) {
        EXPECT_TRUE(same_bits(ours.added.grad(), to_added));
      }
      ++count;
    }
  EXPECT_EQ(launches.of("batch_norm_gradient"), count);
}

TEST(DeviceBatchNorm, AddsTheGradientsOfTwoUsersAsItReadsThem) {
  const Launches launches;
  torch::manual_seed(5);
  for (const auto type : {torch::kFloat32, torch::kBFloat16})
    for (const bool adds : {false, true})
      for (const DeviceRectifier& by : {DeviceRectifier{}, DeviceRectifier{.on = true}}) {
        NormCase once({4, 8, 6, 6}, type, adds, by);
        const torch::Tensor other =
            (torch::randn({4, 8, 6, 6}) * 3).to(type).contiguous(once.gradient.suggest_memory_format());
        NormCase twice = once.copied(type);
        twice.norm.weight = once.norm.weight.clone().requires_grad_();
        twice.norm.bias = once.norm.bias.clone().requires_grad_();
        twice.norm.running_mean = once.norm.running_mean.clone();
        twice.norm.running_variance = once.norm.running_variance.clone();
        once.require_gradients();
        const torch::Tensor sum = once.gradient.to(torch::kFloat32) + other.to(torch::kFloat32);
        batch_norm_rectified(once.x, once.norm, once.added, by).first.backward(sum.to(type));
        const Twins y = batch_norm_rectified(twice.x, twice.norm, twice.added, by);
        EXPECT_EQ(y.first.data_ptr(), y.second.data_ptr());
        torch::autograd::backward({y.first, y.second}, {once.gradient, other});
        const double near = type == torch::kFloat32 ? kFloatTolerance : 2 * kBfloat16Tolerance;
        EXPECT_LT(distance(twice.x.grad(), once.x.grad()), near);
        EXPECT_LT(distance(twice.norm.weight.grad(), once.norm.weight.grad()), near);
        EXPECT_LT(distance(twice.norm.bias.grad(), once.norm.bias.grad()), near);
        if (adds) {
          EXPECT_LT(distance(twice.added.grad(), once.added.grad()), near);
        }
        const auto [plain_x, plain_weight, plain_bias, plain_added] = device_plain::batch_norm_backward(
            once.gradient, MaybeTensor(other), once.x.detach(), y.first.detach(), once.norm.weight.detach(),
            once.x.detach().to(torch::kFloat32).mean({0, 2, 3}),
            (once.x.detach().to(torch::kFloat32).var({0, 2, 3}, false) + 1e-5).rsqrt(), adds, by.on, by.slope, by.most);
        EXPECT_LT(distance(plain_x, twice.x.grad()), near);
        EXPECT_LT(distance(plain_weight, twice.norm.weight.grad()), near);
        if (adds) {
          EXPECT_LT(distance(plain_added, twice.added.grad()), near);
        }
        // Only the second is used.
        twice.x.mutable_grad() = torch::Tensor();
        batch_norm_rectified(twice.x, twice.norm, twice.added, by).second.backward(sum.to(type));
        EXPECT_LT(distance(twice.x.grad(), once.x.grad()), kFloatTolerance);
      }
}

TEST(DeviceBatchNorm, SquaresDoNotCancelFarFromZero) {
  const Launches launches;
  torch::manual_seed(3);
  NormCase ours({32, 12, 16, 16}, torch::kFloat32, false, {}, /*offset=*/1000);
  NormCase exact = ours.copied(torch::kFloat64);
  const torch::Tensor expected = reference_norm(exact), y = batch_norm_rectified(ours.x, ours.norm, {}, {}).first;
  EXPECT_LT(distance(y, expected), 1e-4);  // the mean itself is rounded to 2⁻¹⁵
  EXPECT_LT(distance(ours.norm.running_variance, exact.norm.running_variance), 1e-5);
}

TEST(DeviceBatchNorm, OtherTensorsGoToThePlainForm) {
  const Launches launches;
  EXPECT_TRUE(has_device_kernels(torch::kCPU));
  EXPECT_FALSE(has_device_kernels(torch::kMeta));
  torch::manual_seed(4);
  NormCase ours({3, 4, 5, 5}, torch::kFloat64, true, {.on = true});
  NormCase exact = ours.copied(torch::kFloat64);
  const torch::Tensor y = batch_norm_rectified(ours.x, ours.norm, ours.added, ours.rectifier).first;
  EXPECT_EQ(y.scalar_type(), torch::kFloat64);
  EXPECT_LT(distance(y, reference_norm(exact)), kFloatTolerance);
  EXPECT_EQ(launches.all(), 0);
}

}  // namespace
}  // namespace limbeck
