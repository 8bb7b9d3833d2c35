#include "kernels/cuda_device.h"

#ifdef LIMBECK_LIBTORCH_HAS_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace limbeck {

#ifdef LIMBECK_LIBTORCH_HAS_CUDA

bool has_bfloat16(at::Device device) {
  constexpr int kAmpere = 8;
  return device.is_cuda() && at::cuda::getDeviceProperties(device.index())->major >= kAmpere;
}

struct OwnStream::Guard {
  explicit Guard(at::Device device) : guard(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}
  c10::cuda::CUDAStreamGuard guard;
};

OwnStream::OwnStream(at::Device device) {
  if (device.is_cuda()) guard_ = std::make_unique<Guard>(device);
}

void make_current(at::Device device) {
  if (device.is_cuda()) c10::cuda::set_device(device.index());
}

double memory_of(at::Device device) {
  return device.is_cuda() ? static_cast<double>(at::cuda::getDeviceProperties(device.index())->totalGlobalMem) : 0;
}

void wait_for(at::Device device) {
  if (!device.is_cuda()) return;
  const c10::cuda::CUDAGuard guard(device);
  c10::cuda::device_synchronize();
}

#else

struct OwnStream::Guard {};

bool has_bfloat16(at::Device) {
  return false;
}

OwnStream::OwnStream(at::Device) {}

void make_current(at::Device) {}

double memory_of(at::Device) {
  return 0;
}

void wait_for(at::Device) {}

#endif

OwnStream::~OwnStream() = default;

}  // namespace limbeck
