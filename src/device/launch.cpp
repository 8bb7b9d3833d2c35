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
void launch_on_stream(const at::Tensor& on, const char* name, const std::function<const char*(void* stream)>& launch) {
  const c10::cuda::CUDAGuard guard(on.device());
  if (const char* error = launch(c10::cuda::getCurrentCUDAStream(on.device().index()).stream()))
    throw Error(fmt::format("the kernel {} could not be launched: {}", name, error));
}
#endif

}  // namespace limbeck
