// Loops in pieces: each piece once, for any number of threads, nested, in contention and when pieces throw.
#include "kernels/pieces.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include "kernels/fused_batch_norm.h"
#include "kernels/fused_convolution.h"

namespace limbeck {
namespace {

/// LibTorch's number of threads as long as it lives.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~ThreadCount() { at::set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

TEST(Pieces, EachRunsOnce) {
  for (const int threads : {1, 2, 3, 5, 2})
    for (const int64_t pieces : {0, 1, 2, 3, 7, 1000}) {
      const ThreadCount count(threads);
      std::vector<std::atomic<int>> runs(static_cast<size_t>(pieces));
      for (int repeat = 1; repeat <= 20; ++repeat) {
        for_each_piece(pieces, [&](int64_t piece) { ++runs[static_cast<size_t>(piece)]; });
        for (const auto& of_piece : runs) ASSERT_EQ(of_piece, repeat) << threads << " threads, " << pieces << " pieces";
      }
    }
}

TEST(Pieces, HelpersJoin) {
  const ThreadCount count(3);
  std::atomic<int> begun = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for_each_piece(3, [&](int64_t) {  // each waits until all run
    ++begun;
    while (begun < 3 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
  EXPECT_EQ(begun, 3);
  EXPECT_LT(std::chrono::steady_clock::now(), end);
}

TEST(Pieces, SleepingHelpersAreWoken) {
  const ThreadCount count(2);
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> begun = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for_each_piece(2, [&](int64_t) {
      ++begun;
      while (begun < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    });
    EXPECT_EQ(begun, 2);
  }
}

TEST(Pieces, MayBeNested) {
  const ThreadCount count(3);
  std::atomic<int64_t> sum = 0;
  for_each_piece(20, [&](int64_t outer) {
    const std::thread::id own = std::this_thread::get_id();
    for_each_piece(30, [&](int64_t inner) {
      EXPECT_EQ(std::this_thread::get_id(), own);
      sum += outer * inner;
    });
  });
  EXPECT_EQ(sum, 190 * 435);
}

TEST(Pieces, SeveralThreadsMayHaveLoops) {
  std::atomic<int64_t> sum = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      at::set_num_threads(3);
      for (int repeat = 0; repeat < 500; ++repeat) for_each_piece(16, [&](int64_t piece) { sum += piece; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 4 * 500 * 120);
}

TEST(Pieces, AnExceptionEndsTheLoop) {
  for (const int threads : {1, 3}) {
    const ThreadCount count(threads);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::atomic<int> running = 0;
      try {
        for_each_piece(100, [&](int64_t piece) {
          ++running;
          if (piece % 7 == 3) {
            --running;
            throw std::runtime_error("piece");
          }
          --running;
        });
        FAIL() << "nothing was thrown";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "piece");
      }
      EXPECT_EQ(running, 0) << "a piece outlived the loop";
    }
    std::atomic<int> runs = 0;
    for_each_piece(10, [&](int64_t) { ++runs; });
    EXPECT_EQ(runs, 10) << "after an exception";
  }
}

TEST(Pieces, HelpersHaveTheCallersFloatingPointMode) {
  const ThreadCount count(2);
  for (const bool flushes : {true, false}) {
    if (!at::globalContext().setFlushDenormal(flushes)) GTEST_SKIP() << "this processor cannot flush denormal numbers";
    std::atomic<int> begun = 0;
    for_each_piece(2, [&](int64_t) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
      volatile float least = 1.2e-38F;
      const float half = least * 0.5F;
      EXPECT_EQ(half == 0, flushes);
    });
  }
}

TEST(Pieces, RangesCoverAll) {
  const ThreadCount count(2);
  std::vector<int> seen(1001);
  for_each_range(1001, 100, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
  });
  EXPECT_EQ(std::set<int>(seen.begin(), seen.end()), std::set<int>{1});
}

torch::Tensor random_image(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape).contiguous(at::MemoryFormat::ChannelsLast);
}

/// Outputs and gradients of a convolution, then batch norm and ReLU.
std::vector<torch::Tensor> computed(const Convolution& op, int threads) {
  const ThreadCount count(threads);
  const torch::Tensor x = random_image({16, op.in, 20, 20}, 1).requires_grad_();
  const torch::Tensor weight = random_image({op.out, op.in, op.kernel, op.kernel}, 2).contiguous().requires_grad_();
  const torch::Tensor scale = torch::ones({op.out}).requires_grad_(), shift = torch::zeros({op.out}).requires_grad_();
  const torch::Tensor mean = torch::zeros({op.out}), variance = torch::ones({op.out});
  const torch::Tensor y = fused_convolution(op, x, weight, {});
  const torch::Tensor z =
      fused_batch_norm(BatchNorm{.channels = op.out}, y, {scale, shift, mean, variance}, {}, {.on = true});
  z.backward(random_image(z.sizes().vec(), 3));
  return {y.detach(), z.detach(), x.grad(), weight.grad(), scale.grad(), shift.grad(), mean, variance};
}

TEST(Pieces, ImagesAreTheSameForAnyNumberOfThreads) {
  for (const Convolution& op : {Convolution{.in = 16, .out = 32, .kernel = 3, .stride = 1, .padding = 1},
                                Convolution{.in = 32, .out = 48, .kernel = 3, .stride = 2, .padding = 1},
                                Convolution{.in = 16, .out = 32, .kernel = 1, .stride = 2, .padding = 0},
                                Convolution{.in = 3, .out = 16, .kernel = 3, .stride = 1, .padding = 1}}) {
    const std::vector<torch::Tensor> one = computed(op, 1);
    for (const int threads : {2, 3, 7}) {
      const std::vector<torch::Tensor> several = computed(op, threads);
      for (size_t i = 0; i < one.size(); ++i)
        EXPECT_TRUE(torch::equal(one[i], several[i])) << "value " << i << ", " << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace limbeck
