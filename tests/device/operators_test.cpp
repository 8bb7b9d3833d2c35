// The plain forms against independent references: core/random.h, LibTorch's own layers, float64.
#include "device/operators.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/random.h"

namespace limbeck {
namespace {

torch::Tensor whole(int64_t value) {
  return torch::full({}, value, torch::kLong);
}

TEST(DeviceViews, AreThoseOfTheRandomStreams) {
  const torch::Tensor ids = torch::tensor({0L, 1L, 77L, 70000L, (1L << 32) - 1});
  for (const uint64_t seed : {uint64_t{1}, (uint64_t{9} << 40) + 4})
    for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{25}, int64_t{162}, int64_t{1} << 32,
                                (int64_t{1} << 32) + 1, (int64_t{1} << 61) + 12345, int64_t{1} << 62}) {
      const torch::Tensor views = draw_views(ids, whole(3), seed, count);
      for (int64_t i = 0; i < ids.size(0); ++i) {
        Random random({seed, Purpose::view, 3, static_cast<uint32_t>(ids[i].item<int64_t>())});
        ASSERT_EQ(views[i].item<int64_t>(), static_cast<int64_t>(random.below_wide(static_cast<uint64_t>(count))));
      }
    }
}

}  // namespace
}  // namespace limbeck
