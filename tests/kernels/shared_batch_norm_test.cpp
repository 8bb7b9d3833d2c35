// Batch norm over the parts of a batch: what LibTorch's gives on the whole batch.
#include "kernels/shared_batch_norm.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <ATen/ops/batch_norm.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace limbeck {
namespace {

/// Sums over threads, as ranks sum over processes.
class SumOfThreads {
 public:
  explicit SumOfThreads(int threads) : threads_(threads) {}
  void operator()(const at::Tensor& values) {
    std::unique_lock lock(mutex_);
    if (waiting_.empty()) total_ = torch::zeros_like(values);
    total_ += values;
    waiting_.push_back(values);
    const int64_t own = round_;
    if (static_cast<int>(waiting_.size()) < threads_) {
      done_.wait(lock, [&] { return round_ != own; });
      return;
    }
    for (at::Tensor& each : waiting_) each.copy_(total_);
    waiting_.clear();
    ++round_;
    done_.notify_all();
  }

 private:
  int threads_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<at::Tensor> waiting_;
  at::Tensor total_;
  int64_t round_ = 0;
};

struct Tensors {
  at::Tensor x, weight, bias, mean, variance, gradient;
};

Tensors tensors_of(const std::vector<int64_t>& shape) {
  torch::manual_seed(3);
  const int64_t channels = shape[1];
  return {.x = torch::randn(shape) * 2 + 30,  // a mean that is large beside the deviation
          .weight = torch::rand({channels}) + 0.5,
          .bias = torch::randn({channels}),
          .mean = torch::randn({channels}),
          .variance = torch::rand({channels}) + 0.5,
          .gradient = torch::randn(shape)};
}

void expect_near(const at::Tensor& a, const at::Tensor& b, const char* what) {
  EXPECT_LE((a - b).abs().max().item<double>(), 2e-5 * b.abs().max().item<double>()) << what;
}

void compare(const std::vector<int64_t>& shape, const std::vector<int64_t>& bounds) {
  constexpr BatchNorm kOp{.channels = 3, .epsilon = 1e-5, .momentum = 0.1};
  const Tensors given = tensors_of(shape);
  const auto leaf = [](const at::Tensor& tensor) { return tensor.clone().requires_grad_(); };
  const at::Tensor x = leaf(given.x), weight = leaf(given.weight), bias = leaf(given.bias);
  const at::Tensor mean = given.mean.clone(), variance = given.variance.clone();
  const at::Tensor whole = at::batch_norm(x, weight, bias, mean, variance, true, kOp.momentum, kOp.epsilon, false);
  whole.backward(given.gradient);

  const size_t parts = bounds.size() - 1;
  SumOfThreads threads(static_cast<int>(parts));
  const SumOverProcesses sum = [&](const at::Tensor& values) { threads(values); };
  std::vector<Tensors> own(parts);
  std::vector<at::Tensor> outputs(parts);
  std::vector<std::jthread> running;
  for (size_t i = 0; i < parts; ++i)
    running.emplace_back([&, i] {
      Tensors& part = own[i];
      part.x = leaf(given.x.slice(0, bounds[i], bounds[i + 1]));
      part.weight = leaf(given.weight);
      part.bias = leaf(given.bias);
      part.mean = given.mean.clone();
      part.variance = given.variance.clone();
      outputs[i] = shared_batch_norm(kOp, part.x, {part.weight, part.bias, part.mean, part.variance}, sum);
      outputs[i].backward(given.gradient.slice(0, bounds[i], bounds[i + 1]));
    });
  running.clear();

  at::Tensor of_weight = torch::zeros_like(weight), of_bias = torch::zeros_like(bias);
  for (size_t i = 0; i < parts; ++i) {
    expect_near(outputs[i], whole.slice(0, bounds[i], bounds[i + 1]), "output");
    expect_near(own[i].x.grad(), x.grad().slice(0, bounds[i], bounds[i + 1]), "gradient of x");
    expect_near(own[i].mean, mean, "running mean");
    expect_near(own[i].variance, variance, "running variance");
    of_weight += own[i].weight.grad();
    of_bias += own[i].bias.grad();
  }
  expect_near(of_weight, weight.grad(), "gradient of the weight");
  expect_near(of_bias, bias.grad(), "gradient of the bias");
}

TEST(SharedBatchNorm, IsThatOfTheWholeBatch) {
  compare({6, 3, 4, 5}, {0, 2, 6});
  compare({7, 3}, {0, 1, 3, 7});
  compare({5, 3, 8}, {0, 5});
}

}  // namespace
}  // namespace limbeck
