#pragma once
// What tests of the device room share. On the processor, block programs stand in for the plain operators of the
// dispatcher: public functions run them, device_plain::NAME the reference.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "device/implementations.h"
#include "device/launch.h"
#include "device/operators.h"

namespace limbeck {

/// Registers the block programs for tensors of the processor, once, and counts their launches while it lives.
class Launches {
 public:
  Launches() {
    static const bool registered = (register_device_kernels(c10::DispatchKey::CPU), true);
    (void)registered;
    before_ = set_host_launcher([this](const char* name, const std::function<void()>& work) {
      ++counts_[name];
      work();
    });
  }
  ~Launches() { set_host_launcher(before_); }
  Launches(const Launches&) = delete;
  Launches& operator=(const Launches&) = delete;

  int64_t of(const std::string& name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  }
  int64_t all() const {
    int64_t sum = 0;
    for (const auto& [name, count] : counts_) sum += count;
    return sum;
  }

 private:
  HostLauncher before_;
  std::map<std::string, int64_t> counts_;
};

inline torch::Tensor whole(int64_t value) {
  return torch::full({}, value, torch::kLong);
}

/// The largest difference, relative to 1 + the largest value. NaN is far from all.
inline double distance(const torch::Tensor& a, const torch::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  if (a.numel() == 0) return 0;
  const torch::Tensor x = a.detach().to(torch::kFloat64), y = b.detach().to(torch::kFloat64);
  const double difference = (x - y).abs().max().item<double>();
  return std::isnan(difference) ? 1e30 : difference / (1 + y.abs().max().item<double>());
}

inline bool same_bits(const torch::Tensor& a, const torch::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.equal(b);
}

constexpr double kFloatTolerance = 1e-5;     // sums of some hundred float32 products
constexpr double kBfloat16Tolerance = 5e-3;  // a rounding to 8 bits: 2⁻⁹ of the value

inline double tolerance_of(torch::ScalarType type) {
  return type == torch::kBFloat16 ? kBfloat16Tolerance : kFloatTolerance;
}

inline torch::Tensor rectified(const torch::Tensor& x, const DeviceRectifier& by) {
  if (!by.on) return x;
  return x.clamp_min(0).clamp_max(by.most) + by.slope * x.clamp_max(0);
}

}  // namespace limbeck
