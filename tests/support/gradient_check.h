#pragma once
// A gradient against central differences, in float64.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <string>

namespace limbeck {

/// A scalar as a function of x.
using ScalarFunction = std::function<torch::Tensor(const torch::Tensor& x)>;

inline torch::Tensor gradient_at(const ScalarFunction& function, const torch::Tensor& x) {
  const torch::Tensor leaf = x.detach().clone().requires_grad_();
  function(leaf).backward();
  return leaf.grad();
}

/// x float64. The step leaves half of float64's digits to the difference, which is known to about 1e-9 then; numbers at
/// which the function has a kink are not for this.
inline void expect_numeric_gradient(const ScalarFunction& function, const torch::Tensor& x,
                                    const std::string& what = "") {
  constexpr double kStep = 1e-6, kTolerance = 1e-6;
  ASSERT_EQ(x.scalar_type(), torch::kFloat64);
  const torch::Tensor gradient = gradient_at(function, x).reshape({-1});
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto moved = [&](double by) {
      torch::Tensor shifted = x.detach().clone();
      shifted.view({-1})[i] += by;
      return function(shifted).item<double>();
    };
    const double numeric = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(gradient[i].item<double>(), numeric, kTolerance * (1 + std::abs(numeric))) << what << " " << i;
  }
}

}  // namespace limbeck
