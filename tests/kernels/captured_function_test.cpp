#include "kernels/captured_function.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "support/replayed_work.h"

namespace limbeck {
namespace {

using Tensors = CapturedFunction::Tensors;

Tensors doubled(const Tensors& x) {
  return {x[0] * 2, x[1]};
}

TEST(CapturedFunction, RunsThenRecordsThenReplaysWithTheArgumentsOfEachCall) {
  int recorded = 0;
  CapturedFunction function(doubled, replayed_work(&recorded));
  for (int call = 1; call <= 4; ++call) {
    const torch::Tensor x = torch::full({3}, call);
    const Tensors y = function({x, torch::Tensor()});
    EXPECT_TRUE(y[0].equal(2 * x)) << call;
    EXPECT_FALSE(y[1].defined());
    EXPECT_TRUE(x.equal(torch::full({3}, call)));
    EXPECT_EQ(recorded, call == 1 ? 0 : 1);
  }
  function.forget();
  function({torch::ones({3}), torch::Tensor()});
  EXPECT_EQ(recorded, 1);
}

TEST(CapturedFunction, NeverWritesToTheArgumentsOfAnEarlierCall) {
  CapturedFunction function(doubled, replayed_work());
  const std::vector<torch::Tensor> given{torch::full({2}, 1), torch::full({2}, 2), torch::full({2}, 3)};
  for (const torch::Tensor& x : given) function({x, torch::Tensor()});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(given[static_cast<size_t>(i)].equal(torch::full({2}, i + 1))) << i;
}

TEST(CapturedFunction, RunsOtherShapesAsTheyAreAndBeginsAnewWhereTheyStay) {
  int recorded = 0;
  CapturedFunction function(doubled, replayed_work(&recorded));
  const auto call = [&](int64_t n) {
    const Tensors y = function({torch::full({n}, 7), torch::Tensor()});
    EXPECT_TRUE(y[0].equal(torch::full({n}, 14))) << n;
  };
  for (int epoch = 0; epoch < 3; ++epoch)
    for (const int64_t n : {4, 4, 4, 3}) call(n);
  EXPECT_EQ(recorded, 1);
  for (int i = 0; i < 4; ++i) call(5);
  EXPECT_EQ(recorded, 2);
}

TEST(CapturedFunction, GivesResultsInTheSamePlaceWhenItIsReplayed) {
  CapturedFunction function(doubled, replayed_work());
  std::vector<torch::Tensor> results;
  for (int call = 1; call <= 3; ++call) results.push_back(function({torch::full({3}, call), torch::Tensor()})[0]);
  EXPECT_TRUE(results[0].equal(torch::full({3}, 2)));  // that was no replay
  EXPECT_TRUE(results[1].is_same(results[2]));
}

TEST(CapturedFunction, RunsWhatCannotBeRecordedAndTellsOnce) {
  int tried = 0;
  std::vector<std::string> told;
  const Recorder recorder = until_failure(
      [&](const std::function<void()>& work) -> std::unique_ptr<RecordedWork> {
        ++tried;
        work();
        throw std::runtime_error("waits for the device");
      },
      [&](const std::string& reason) { told.push_back(reason); });
  CapturedFunction function(doubled, recorder), another(doubled, recorder);
  for (int call = 0; call < 4; ++call)
    for (CapturedFunction* each : {&function, &another})
      EXPECT_TRUE((*each)({torch::full({1}, call), torch::Tensor()})[0].equal(torch::full({1}, 2 * call)));
  EXPECT_EQ(tried, 1);
  EXPECT_EQ(told, std::vector<std::string>{"waits for the device"});
  EXPECT_FALSE(until_failure({}, {}));
}

}  // namespace
}  // namespace limbeck
