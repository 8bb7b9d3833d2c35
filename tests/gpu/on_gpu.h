#pragma once
// What the tests of a GPU share. LIMBECK_GPU_TESTS_ON=simulated puts the simulated device in its place, and where a
// whole run is tested the processor: that tests the tests, and what of a GPU's path needs no GPU.
#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include <cstdlib>
#include <string>

#include "kernels/cuda_graph.h"
#include "support/simulated_device.h"
#include "support/temporary_folder.h"

namespace limbeck {

inline bool is_rehearsed() {
  const char* device = std::getenv("LIMBECK_GPU_TESTS_ON");
  return device != nullptr && std::string(device) == "simulated";
}

/// The device whose work is compared with the processor's.
inline torch::Device gpu() {
  if (!is_rehearsed()) return {torch::kCUDA, 0};
  simulated_device::use();
  return simulated_device::device();
}

inline Recorder gpu_recorder() {
  return is_rehearsed() ? simulated_device::graphs() : cuda_graphs();
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
