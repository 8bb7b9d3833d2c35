#pragma once
// What the tests of a GPU share. LIMBECK_GPU_TESTS_ON=cpu puts the processor in its place: that tests the tests.
#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include <cstdlib>
#include <string>

#include "kernels/cuda_graph.h"
#include "support/replayed_work.h"
#include "support/temporary_folder.h"

namespace limbeck {

inline bool is_rehearsed() {
  const char* device = std::getenv("LIMBECK_GPU_TESTS_ON");
  return device != nullptr && std::string(device) == "cpu";
}

/// The device whose work is compared with the processor's.
inline torch::Device gpu() {
  return is_rehearsed() ? torch::Device(torch::kCPU) : torch::Device(torch::kCUDA, 0);
}

inline Recorder gpu_recorder() {
  return is_rehearsed() ? replayed_work() : cuda_graphs();
}

/// The largest difference of two numbers.
inline double difference(const torch::Tensor& there, const torch::Tensor& here) {
  return (there.cpu().to(torch::kFloat64) - here.cpu().to(torch::kFloat64)).abs().max().item<double>();
}

/// The distance of two tensors in lengths of the second.
inline double relative_distance(const torch::Tensor& there, const torch::Tensor& here) {
  const torch::Tensor expected = here.cpu().to(torch::kFloat64);
  const double length = expected.norm().item<double>();
  return (there.cpu().to(torch::kFloat64) - expected).norm().item<double>() / (length > 0 ? length : 1);
}

class OnGpu : public TemporaryFolder {
 protected:
  void SetUp() override {
    if (!is_rehearsed() && !torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
  }
};

}  // namespace limbeck
