#include "device/launch.h"

#ifdef LIMBECK_HAS_CUDA_KERNELS
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include <utility>

#include "core/error.h"

namespace limbeck {
namespace {

HostLauncher& host_launcher() {
  static HostLauncher launcher = [](const char*, const std::function<void()>& work) { work(); };
  return launcher;
}

}  // namespace

HostLauncher set_host_launcher(HostLauncher launcher) {
  return std::exchange(host_launcher(), std::move(launcher));
}

void launch_on_host(const char* name, const std::function<void()>& work) {
  host_launcher()(name, work);
}

#ifdef LIMBECK_HAS_CUDA_KERNELS
struct CudaStreamOf::Guard {
  explicit Guard(const at::Tensor& on) : device(on.device()) {}
  c10::cuda::CUDAGuard device;
};

CudaStreamOf::CudaStreamOf(const at::Tensor& on)
    : guard_(std::make_unique<Guard>(on)), stream_(c10::cuda::getCurrentCUDAStream(on.device().index()).stream()) {}
#else
struct CudaStreamOf::Guard {};

CudaStreamOf::CudaStreamOf(const at::Tensor&) {
  throw Error("this build has no kernels for CUDA");
}
#endif

CudaStreamOf::~CudaStreamOf() = default;

void CudaStreamOf::check(const char* name, const char* error) {
  if (error != nullptr) throw Error(fmt::format("the kernel {} could not be launched: {}", name, error));
}

}  // namespace limbeck
