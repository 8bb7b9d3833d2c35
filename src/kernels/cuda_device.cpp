#include "kernels/cuda_device.h"

#ifdef LIMBECK_LIBTORCH_HAS_CUDA
#include <ATen/cuda/CUDAContext.h>
#endif

namespace limbeck {

bool has_bfloat16(at::Device device) {
#ifdef LIMBECK_LIBTORCH_HAS_CUDA
  constexpr int kAmpere = 8;
  return device.is_cuda() && at::cuda::getDeviceProperties(device.index())->major >= kAmpere;
#else
  (void)device;
  return false;
#endif
}

}  // namespace limbeck
