// Ranks of one process, each in a thread of its own: sums, what differs, and what is said of a rank that ends.
#include "ranks/ranks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "support/on_ranks.h"

namespace limbeck {
namespace {

TEST(Ranks, SumInPlaceAndInTheOrderInWhichTheyBegan) {
  expect_no_error(on_ranks(3, [](Ranks& ranks) {
    const at::Tensor first = at::full({5}, ranks.rank() + 1, at::kFloat);
    const at::Tensor second = at::full({2}, 10.0 * ranks.rank(), at::kDouble);
    Ranks::Pending one = ranks.begin_sum(first), two = ranks.begin_sum(second);
    two.wait();
    one.wait();
    EXPECT_TRUE(first.eq(6).all().item<bool>());
    EXPECT_TRUE(second.eq(30).all().item<bool>());
  }));
}

TEST(Ranks, ShareWhatRankZeroHas) {
  expect_no_error(on_ranks(2, [](Ranks& ranks) {
    const at::Tensor values = at::full({3, 2}, ranks.rank() + 7, at::kFloat).t();  // not contiguous
    ranks.broadcast(values);
    EXPECT_TRUE(values.eq(7).all().item<bool>());
    EXPECT_EQ(ranks.broadcast(ranks.rank() == 0 ? std::string("recipe") : std::string()), "recipe");
    EXPECT_EQ(ranks.broadcast(std::string()), "");
    EXPECT_EQ(ranks.writes(), ranks.rank() == 0);
  }));
}

TEST(Ranks, JoinRowsOfDifferentNumbers) {
  expect_no_error(on_ranks(3, [](Ranks& ranks) {
    const int64_t rows = ranks.rank();  // of the first none
    const at::Tensor all = ranks.join_rows(at::full({rows, 2}, ranks.rank(), at::kLong));
    ASSERT_EQ(all.sizes(), (std::vector<int64_t>{3, 2}));
    EXPECT_EQ(all[0][0].item<int64_t>(), 1);
    EXPECT_EQ(all[2][1].item<int64_t>(), 2);
    EXPECT_EQ(ranks.join_rows(at::zeros({0, 4})).size(0), 0);
  }));
}

TEST(Ranks, SayWhichOfThemDiffers) {
  const auto thrown = on_ranks(3, [](Ranks& ranks) {
    ranks.require_equal("version", "1");
    ranks.require_equal("recipe", ranks.rank() == 1 ? "b" : "a");
  });
  for (const std::string& each : thrown) EXPECT_TRUE(each.starts_with("rank 1 has another recipe than rank 0")) << each;
  EXPECT_NE(thrown[1].find("'b' here, 'a' there"), std::string::npos) << thrown[1];
}

TEST(Ranks, SayWhoDidNotCome) {
  const auto thrown = on_ranks(
      3, [](Ranks&) { ADD_FAILURE() << "two of three are not all"; }, {0, 2}, 4);
  for (const int rank : {0, 2})
    EXPECT_NE(thrown[static_cast<size_t>(rank)].find("rank 1 of 3 did not come in 4 s"), std::string::npos)
        << thrown[static_cast<size_t>(rank)];
}

TEST(Ranks, SayWhyOneEnded) {
  const auto thrown = on_ranks(3, [](Ranks& ranks) {
    if (ranks.rank() == 1) {
      ranks.leave("the disk is full");
      throw Error("the disk is full");
    }
    ranks.meet();
  });
  for (const int rank : {0, 2}) {
    const std::string& said = thrown[static_cast<size_t>(rank)];
    EXPECT_TRUE(said.starts_with("rank 1 (host ")) << said;
    EXPECT_NE(said.find("ended: the disk is full; all 3 ranks end"), std::string::npos) << said;
  }
}

TEST(Ranks, TakeTimesFromTheEnvironment) {
  const auto times = [](const std::string& value) {
    return Ranks::times_from([&](const std::string& name) -> std::optional<std::string> {
      return name == "LIMBECK_SILENCE_SECONDS" ? std::optional(value) : std::nullopt;
    });
  };
  EXPECT_EQ(times("7.5").silence, 7.5);
  EXPECT_EQ(times("7.5").join, Ranks::Times().join);
  EXPECT_THROW(times("0"), Error);
  EXPECT_THROW(times("soon"), Error);
}

}  // namespace
}  // namespace limbeck
