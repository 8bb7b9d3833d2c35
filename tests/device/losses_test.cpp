// Losses and the sums of a step, against float64 and plain loops.
#include <ATen/ops/log_softmax.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "device_test.h"

namespace limbeck {
namespace {

struct LossShape {
  int64_t rows, classes;
  double size;  ///< of the logits
};

const std::vector<LossShape>& loss_shapes() {
  static const std::vector<LossShape> shapes = {{1, 1, 1},   {1, 10, 3},    {7, 2, 3},     {9, 3, 1e4},  {33, 37, 5},
                                                {5, 300, 2}, {64, 10, 1e4}, {4096, 10, 2}, {300, 100, 4}};
  return shapes;
}

torch::Tensor exact_copy(const torch::Tensor& tensor) {
  return tensor.detach().to(torch::kFloat64).requires_grad_();
}

TEST(DeviceSoftTargets, AreThoseOfFloat64) {
  const Launches launches;
  torch::manual_seed(1);
  int64_t count = 0;
  for (const LossShape& shape : loss_shapes())
    for (const double temperature : {1.0, 4.0, 20.0})
      for (const bool cross_entropy : {false, true}) {
        torch::Tensor z = torch::randn({shape.rows, shape.classes}) * shape.size;
        const torch::Tensor v = torch::randn({shape.rows, shape.classes}) * shape.size;
        const double factor = temperature * temperature / static_cast<double>(shape.rows);
        z.requires_grad_();
        torch::Tensor exact = exact_copy(z);
        const torch::Tensor log_q = at::log_softmax(exact / temperature, 1),
                            log_p = at::log_softmax(v.to(torch::kFloat64) / temperature, 1);
        const torch::Tensor expected = (log_p.exp() * (cross_entropy ? -log_q : log_p - log_q)).sum() * factor;
        const torch::Tensor loss = soft_target_loss(z, v, temperature, cross_entropy, factor);
        const auto [plain, gradient] =
            device_plain::soft_target_loss(z.detach(), v, temperature, cross_entropy, factor);
        // Differences of logarithms in float32, times T².
        const double near = kFloatTolerance + 2e-7 * temperature * temperature;
        EXPECT_LT(distance(loss, expected), near) << shape.rows << " x " << shape.classes;
        EXPECT_LT(distance(plain, expected), near);
        (expected * 3).backward();
        (loss * 3).backward();
        EXPECT_LT(distance(z.grad(), exact.grad()), kFloatTolerance);
        EXPECT_LT(distance(gradient * 3, exact.grad()), kFloatTolerance);
        // The tolerance above is of the largest; the gradients themselves are not all small.
        if (shape.classes > 1) {
          EXPECT_GT(exact.grad().abs().max().item<double>(), 1e-5);
        }
        EXPECT_LT((z.grad() - exact.grad()).abs().max().item<double>(),
                  1e-4 * exact.grad().abs().max().item<double>() + 1e-12);
        ++count;
      }
  EXPECT_EQ(launches.of("soft_target_loss"), count);
  EXPECT_EQ(launches.of("sum_parts"), count);
}

TEST(DeviceLabelLoss, IsThatOfFloat64) {
  const Launches launches;
  torch::manual_seed(2);
  int64_t count = 0;
  for (const LossShape& shape : loss_shapes())
    for (const bool pairs : {false, true})
      for (const int64_t lowest : {0, -1}) {  // −1: some are unlabelled
        torch::Tensor z = torch::randn({shape.rows, shape.classes}) * shape.size;
        z.requires_grad_();
        torch::Tensor exact = exact_copy(z);
        const torch::Tensor labels = torch::randint(lowest, shape.classes, {shape.rows}, torch::kLong),
                            others = torch::randint(lowest, shape.classes, {shape.rows}, torch::kLong);
        const torch::Tensor mix = torch::rand({shape.rows});
        const torch::Tensor log_q = at::log_softmax(exact, 1);
        torch::Tensor sum = torch::zeros({}, torch::kFloat64), weights = sum;
        const auto add = [&](const torch::Tensor& of, const torch::Tensor& share) {
          const torch::Tensor weight = of.ge(0) * share.to(torch::kFloat64);
          sum = sum - (log_q.gather(1, of.clamp_min(0).unsqueeze(1)).squeeze(1) * weight).sum();
          weights = weights + weight.sum();
        };
        add(labels, pairs ? mix : torch::ones({shape.rows}));
        if (pairs) add(others, 1 - mix);
        const torch::Tensor expected = weights.item<double>() > 0 ? sum / weights : sum * 0;
        const torch::Tensor loss =
            label_loss(z, labels, pairs ? others : torch::Tensor(), pairs ? mix : torch::Tensor());
        const auto [plain, gradient] = device_plain::label_loss(
            z.detach(), labels, pairs ? MaybeTensor(others) : MaybeTensor(), pairs ? MaybeTensor(mix) : MaybeTensor());
        EXPECT_LT(distance(loss, expected), kFloatTolerance) << shape.rows << " x " << shape.classes;
        EXPECT_LT(distance(plain, expected), kFloatTolerance);
        expected.backward();
        loss.backward();
        EXPECT_LT((z.grad() - exact.grad()).abs().max().item<double>(),
                  1e-5 * exact.grad().abs().max().item<double>() + 1e-7);
        EXPECT_LT(distance(gradient, z.grad()), 1e-6);
        ++count;
      }
  EXPECT_EQ(launches.of("label_loss"), count);
}

TEST(DeviceLabelLoss, OfUnlabelledExamplesIsZero) {
  const Launches launches;
  torch::Tensor z = torch::randn({5, 10});
  z.requires_grad_();
  const torch::Tensor none = torch::full({5}, -1, torch::kLong);
  const torch::Tensor loss = label_loss(z, none, {}, {});
  EXPECT_EQ(loss.item<float>(), 0);
  loss.backward();
  EXPECT_TRUE(z.grad().eq(0).all().item<bool>());
  const auto [plain, gradient] = device_plain::label_loss(z.detach(), none, MaybeTensor(), MaybeTensor());
  EXPECT_EQ(plain.item<float>(), 0);
  EXPECT_TRUE(gradient.eq(0).all().item<bool>());
}

TEST(DeviceLabelLoss, OfALabelThatIsNoClassIsNotANumber) {
  const Launches launches;
  const torch::Tensor z = torch::randn({2, 3}), labels = torch::tensor({int64_t{1}, int64_t{3}});
  EXPECT_TRUE(std::isnan(label_loss(z, labels, {}, {}).item<float>()));
  EXPECT_TRUE(std::isnan(std::get<0>(device_plain::label_loss(z, labels, MaybeTensor(), MaybeTensor())).item<float>()));
  EXPECT_THROW(label_loss(z, labels, labels, {}), Error);
}

TEST(DeviceLosses, AreTheSameEachTime) {
  const Launches launches;
  torch::manual_seed(5);
  const torch::Tensor z = torch::randn({1000, 10}), v = torch::randn({1000, 10});
  EXPECT_TRUE(same_bits(soft_target_loss(z, v, 4, false, 1e-3), soft_target_loss(z, v, 4, false, 1e-3)));
}

TEST(DeviceLosses, HaveNoSecondDerivative) {
  const Launches launches;
  torch::Tensor z = torch::randn({3, 4});
  z.requires_grad_();
  const torch::Tensor loss = soft_target_loss(z, torch::randn({3, 4}), 1, false, 1);
  EXPECT_THROW(torch::autograd::grad({loss}, {z}, {}, true, /*create_graph=*/true), Error);
}

StepSums empty_sums(int64_t terms) {
  return {torch::zeros({4 + 2 * terms}, torch::kFloat64), torch::tensor({int64_t{0}, int64_t{-1}}),
          torch::zeros({1 + terms}), torch::tensor({0.5F, 0.25F, 0.125F, 0.0625F}), torch::zeros({})};
}

void add_plain_step(StepSums& sums, const torch::Tensor& terms, const torch::Tensor& weights,
                    const torch::Tensor& logits, const torch::Tensor& labels, const std::vector<int64_t>& needs_labels,
                    int64_t networks) {
  device_plain::add_step(sums.sums, sums.state, sums.failed, sums.rates, sums.rate, terms, weights, logits, labels,
                         needs_labels, networks);
}

TEST(DeviceStepSums, AreThoseOfLoops) {
  const Launches launches;
  torch::manual_seed(6);
  const std::vector<int64_t> needs = {1, 0};
  for (const auto& [rows, classes] : {std::pair{1, 1}, std::pair{7, 10}, std::pair{300, 37}, std::pair{4096, 10}})
    for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
      StepSums ours = empty_sums(2), plain = empty_sums(2);
      std::vector<double> expected(8, 0.0);
      for (int64_t step = 0; step < 4; ++step) {
        torch::Tensor terms = torch::rand({2});
        const torch::Tensor weights = torch::tensor({0.5F, 2.0F});  // so that products are exact
        if (step == 2) terms[0] = std::numeric_limits<float>::infinity();
        // Of few different values, so that there are equals.
        const torch::Tensor logits = torch::randint(-3, 4, {rows, classes}, torch::kFloat32).to(type),
                            labels = torch::randint(-1, classes, {rows}, torch::kLong);
        add_step(ours, terms, weights, logits, labels, needs, 3);
        add_plain_step(plain, terms, weights, logits, labels, needs, 3);
        EXPECT_EQ(ours.rate.item<float>(), ours.rates[step].item<float>());
        EXPECT_TRUE(same_bits(ours.rate, plain.rate));
        if (step >= 2) continue;  // failed, and after it
        double labelled = 0, errors = 0;
        for (int64_t i = 0; i < rows; ++i) {
          const int64_t label = labels[i].item<int64_t>();
          if (label < 0) continue;
          const torch::Tensor row = logits[i].to(torch::kFloat32).contiguous();
          const auto* z = row.data_ptr<float>();
          ++labelled;
          errors += std::max_element(z, z + classes) - z == label ? 0 : 1;
        }
        const auto number = [&](int64_t i) { return static_cast<double>(terms[i].item<float>()); };
        const float total = (0.5F * terms[0].item<float>() + 2.0F * terms[1].item<float>()) * 3;
        const std::vector<double> change = {double(rows),
                                            static_cast<double>(total) * rows / 3,
                                            labelled,
                                            errors,
                                            number(0) * labelled,
                                            labelled,
                                            number(1) * rows,
                                            double(rows)};
        for (size_t i = 0; i < change.size(); ++i) expected[i] += change[i];
        EXPECT_TRUE(ours.sums.equal(torch::tensor(expected, torch::kFloat64))) << rows << " x " << classes;
      }
      EXPECT_TRUE(ours.sums.equal(torch::tensor(expected, torch::kFloat64)));
      EXPECT_TRUE(plain.sums.equal(ours.sums));
      EXPECT_TRUE(ours.state.equal(torch::tensor({int64_t{4}, int64_t{2}})));
      EXPECT_TRUE(plain.state.equal(ours.state));
      EXPECT_TRUE(std::isinf(ours.failed[0].item<float>()));
      EXPECT_TRUE(plain.failed.equal(ours.failed));
    }
  EXPECT_EQ(launches.of("add_step"), 32);
  EXPECT_EQ(launches.of("count_errors"), 8);  // of 4,096 rows
}

TEST(DeviceStepSums, NotANumberFails) {
  const Launches launches;
  StepSums ours = empty_sums(1), plain = empty_sums(1);
  const torch::Tensor terms = torch::full({1}, std::nan("")), weights = torch::ones({1}), logits = torch::ones({2, 3}),
                      labels = torch::zeros({2}, torch::kLong);
  add_step(ours, terms, weights, logits, labels, {0}, 1);
  add_plain_step(plain, terms, weights, logits, labels, {0}, 1);
  for (const StepSums* sums : {&ours, &plain}) {
    EXPECT_EQ(sums->state[1].item<int64_t>(), 0);
    EXPECT_TRUE(std::isnan(sums->failed[0].item<float>()));
    EXPECT_TRUE(sums->sums.eq(0).all().item<bool>());
  }
}

}  // namespace
}  // namespace limbeck
