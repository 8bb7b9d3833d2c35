// Updates of parameters, against their formulas in float64.
#include <cmath>

#include "device_test.h"

namespace limbeck {
namespace {

/// Parameters with their state; copies of some in bfloat16.
struct Updated {
  std::vector<torch::Tensor> values, first, second, gradients, rounded;

  Updated copied(torch::ScalarType type) const {
    Updated other = *this;
    for (auto* list : {&other.values, &other.first, &other.second})
      for (torch::Tensor& tensor : *list) tensor = tensor.to(type, false, /*copy=*/true);
    for (torch::Tensor& tensor : other.rounded)
      if (tensor.defined()) tensor = tensor.clone();
    return other;
  }
};

/// Of 80 parameters, more than one launch takes: empty, small, larger than a block, channels_last with a gradient that
/// is not, and gradients in bfloat16.
Updated many_parameters() {
  torch::manual_seed(1);
  Updated all;
  for (int64_t i = 0; i < 80; ++i) {
    std::vector<int64_t> shape = {i % 7 + 1, i % 3 + 1, 3, 3};
    if (i % 5 == 1) shape = {i};
    if (i == 10) shape = {5000};
    if (i == 11) shape = {2048};
    if (i == 12) shape = {0};
    const bool last = shape.size() == 4 && i % 2 == 0;
    const auto format = last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    all.values.push_back(torch::randn(shape).contiguous(format));
    all.first.push_back(torch::randn(shape).contiguous(format));
    all.second.push_back(torch::rand(shape).contiguous(format));
    all.gradients.push_back(torch::randn(shape).to(i % 3 == 0 ? torch::kBFloat16 : torch::kFloat32));
    all.rounded.push_back(i % 4 == 0 ? all.values.back().to(torch::kBFloat16) : torch::Tensor());
  }
  return all;
}

void expect_near(const Updated& ours, const Updated& exact) {
  for (size_t i = 0; i < ours.values.size(); ++i) {
    EXPECT_LT(distance(ours.values[i], exact.values[i]), 1e-6) << "parameter " << i;
    EXPECT_LT(distance(ours.first[i], exact.first[i]), 1e-6) << "parameter " << i;
    EXPECT_LT(distance(ours.second[i], exact.second[i]), 1e-6) << "parameter " << i;
    if (ours.rounded[i].defined()) {
      EXPECT_TRUE(ours.rounded[i].equal(ours.values[i].to(torch::kBFloat16))) << "parameter " << i;
    }
  }
}

void expect_equal(const Updated& a, const Updated& b) {
  for (size_t i = 0; i < a.values.size(); ++i)
    EXPECT_TRUE(a.values[i].equal(b.values[i]) && a.first[i].equal(b.first[i]) && a.second[i].equal(b.second[i]) &&
                (!a.rounded[i].defined() || a.rounded[i].equal(b.rounded[i])))
        << "parameter " << i;
}

MaybeTensors maybe_rounded(const Updated& of) {
  MaybeTensors list;
  for (const torch::Tensor& tensor : of.rounded) list.push_back(tensor.defined() ? MaybeTensor(tensor) : MaybeTensor());
  return list;
}

const torch::Tensor& going_on() {
  static const torch::Tensor state = torch::tensor({int64_t{5}, int64_t{-1}});
  return state;
}
const torch::Tensor& has_failed() {
  static const torch::Tensor state = torch::tensor({int64_t{5}, int64_t{4}});
  return state;
}

TEST(DeviceSgd, IsItsFormula) {
  const Launches launches;
  const torch::Tensor rate = torch::full({}, 0.1F);
  for (const DeviceSgd& how : {DeviceSgd{}, DeviceSgd{5e-4, 0.9, false}, DeviceSgd{5e-4, 0.9, true}}) {
    Updated ours = many_parameters(), plain = ours.copied(torch::kFloat32), exact = ours.copied(torch::kFloat64);
    const double by = rate.item<float>();
    for (size_t i = 0; i < exact.values.size(); ++i) {
      const torch::Tensor pulled = exact.gradients[i].to(torch::kFloat64) + how.decay * exact.values[i];
      exact.first[i] = how.momentum * exact.first[i] + pulled;
      exact.values[i] = exact.values[i] - by * (how.nesterov ? pulled + how.momentum * exact.first[i] : exact.first[i]);
    }
    sgd_update(ours.values, ours.first, ours.gradients, ours.rounded, rate, going_on(), how);
    device_plain::sgd_update(plain.values, plain.first, plain.gradients, maybe_rounded(plain), rate, going_on(),
                             how.decay, how.momentum, how.nesterov);
    expect_near(ours, exact);
    expect_near(plain, exact);
  }
  EXPECT_EQ(launches.of("sgd_update"), 6);  // 79 parameters with elements, 72 at once
  EXPECT_EQ(launches.all(), 6);
}

TEST(DeviceAdam, IsItsFormula) {
  const Launches launches;
  const torch::Tensor rate = torch::full({}, 0.01F);
  for (const DeviceAdam& how :
       {DeviceAdam{}, DeviceAdam{0.9, 0.999, 1e-8, 0.01, false}, DeviceAdam{0.8, 0.99, 1e-6, 0.01, true}}) {
    Updated ours = many_parameters(), plain = ours.copied(torch::kFloat32), exact = ours.copied(torch::kFloat64);
    for (int64_t step = 1; step <= 3; ++step) {
      const torch::Tensor steps = torch::full({1}, step, torch::kLong);
      const double by = rate.item<float>();
      for (size_t i = 0; i < exact.values.size(); ++i) {
        torch::Tensor &w = exact.values[i], &m = exact.first[i], &v = exact.second[i];
        torch::Tensor pulled = exact.gradients[i].to(torch::kFloat64);
        if (!how.decoupled) pulled = pulled + how.decay * w;
        m = how.beta1 * m + (1 - how.beta1) * pulled;
        v = how.beta2 * v + (1 - how.beta2) * pulled * pulled;
        if (how.decoupled) w = w * (1 - by * how.decay);
        const auto t = static_cast<double>(step);
        w = w - by * (m / (1 - std::pow(how.beta1, t))) / ((v / (1 - std::pow(how.beta2, t))).sqrt() + how.epsilon);
      }
      adam_update(ours.values, ours.first, ours.second, ours.gradients, ours.rounded, steps, rate, going_on(), how);
      device_plain::adam_update(plain.values, plain.first, plain.second, plain.gradients, maybe_rounded(plain), steps,
                                rate, going_on(), how.beta1, how.beta2, how.epsilon, how.decay, how.decoupled);
    }
    expect_near(ours, exact);
    expect_near(plain, exact);
  }
  EXPECT_EQ(launches.of("adam_update"), 18);
  EXPECT_EQ(launches.all(), 18);
}

TEST(DeviceUpdates, DoNothingAfterAFailure) {
  const Launches launches;
  const torch::Tensor rate = torch::full({}, 0.1F), steps = torch::ones({1}, torch::kLong);
  Updated ours = many_parameters();
  for (torch::Tensor& gradient : ours.gradients) gradient.fill_(std::nan(""));
  const Updated before = ours.copied(torch::kFloat32);
  sgd_update(ours.values, ours.first, ours.gradients, ours.rounded, rate, has_failed(), {5e-4, 0.9, true});
  expect_equal(ours, before);
  adam_update(ours.values, ours.first, ours.second, ours.gradients, ours.rounded, steps, rate, has_failed(), {});
  expect_equal(ours, before);
  device_plain::sgd_update(ours.values, ours.first, ours.gradients, maybe_rounded(ours), rate, has_failed(), 5e-4, 0.9,
                           true);
  expect_equal(ours, before);
  device_plain::adam_update(ours.values, ours.first, ours.second, ours.gradients, maybe_rounded(ours), steps, rate,
                            has_failed(), 0.9, 0.999, 1e-8, 0, false);
  expect_equal(ours, before);
}

TEST(DeviceUpdates, ParametersOfOtherOrdersGoToThePlainForm) {
  const Launches launches;
  const torch::Tensor rate = torch::full({}, 0.5F);
  const torch::Tensor gradient = torch::ones({4, 3}), other = torch::ones({3});
  // Parameters of a network's, which have gradients of autograd's.
  torch::Tensor strided = torch::zeros({4, 6}).slice(1, 0, 6, 2).requires_grad_(),
                leaf = torch::zeros({3}).requires_grad_();
  sgd_update({strided, leaf}, {torch::zeros({4, 3}), torch::zeros({3})}, {gradient, other}, {}, rate, going_on(), {});
  EXPECT_TRUE(strided.eq(-0.5).all().item<bool>());
  EXPECT_TRUE(leaf.eq(-0.5).all().item<bool>());
  EXPECT_EQ(launches.of("sgd_update"), 1);
  sgd_update({}, {}, {}, {}, rate, going_on(), {});
}

}  // namespace
}  // namespace limbeck
