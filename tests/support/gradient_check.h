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

/// Compares a gradient with the central differences of the function at x, float64. The step leaves half of float64's
/// digits to the difference, which is known to about 1e-9 then; functions with a kink near x do not pass.
inline void expect_differences(const torch::Tensor& gradient, const ScalarFunction& function, const torch::Tensor& x,
                               const std::string& what) {
  constexpr double kStep = 1e-6, kTolerance = 1e-6;
  ASSERT_EQ(x.scalar_type(), torch::kFloat64);
  const torch::Tensor entries = gradient.reshape({-1});
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto moved = [&](double by) {
      torch::Tensor shifted = x.detach().clone();
      shifted.view({-1})[i] += by;
      return function(shifted).item<double>();
    };
    const double numeric = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(entries[i].item<double>(), numeric, kTolerance * (1 + std::abs(numeric))) << what << " " << i;
  }
}

/// The gradient by an input.
inline void expect_numeric_gradient(const ScalarFunction& function, const torch::Tensor& x,
                                    const std::string& what = "") {
  expect_differences(gradient_at(function, x), function, x, what);
}

/// The gradient by a parameter that `value` reads. The parameter has its value again afterwards.
inline void expect_numeric_gradient_by(torch::Tensor parameter, const std::function<torch::Tensor()>& value,
                                       const std::string& what = "") {
  const torch::Tensor before = parameter.detach().clone();
  parameter.mutable_grad() = torch::Tensor();
  value().backward();
  const torch::Tensor gradient = parameter.grad().clone();
  const auto at = [&](const torch::Tensor& x) {
    parameter.set_data(x);
    return value();
  };
  expect_differences(gradient, at, before, what);
  parameter.set_data(before);
}

}  // namespace limbeck
