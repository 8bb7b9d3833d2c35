#pragma once
// Starts block programs on the device of a tensor: CUDA's current stream where the build has the kernels, else a host
// launcher, by default on this thread at once.
#include <ATen/core/Tensor.h>

#include <functional>

#include "device/block_program.h"
#include "device/cuda/kernels.h"

namespace limbeck {

/// Runs `work`, the program of this name. `work` owns all that it needs but the tensors' memory, and can be kept and
/// run again.
using HostLauncher = std::function<void(const char* name, const std::function<void()>& work)>;

/// Returns the launcher of before. Not while programs are launched by other threads.
HostLauncher set_host_launcher(HostLauncher launcher);

void launch_on_host(const char* name, const std::function<void()>& work);

/// Calls launch(stream), which returns an error or null, where the tensor's device is current, with its current stream.
/// Throws Error for an error.
void launch_on_stream(const at::Tensor& on, const char* name, const std::function<const char*(void* stream)>& launch);

template <class Program>
void launch(const at::Tensor& on, const Program& program, int64_t blocks) {
  if (blocks <= 0) return;
#ifdef LIMBECK_HAS_CUDA_KERNELS
  if (on.is_cuda()) {
    launch_on_stream(on, Program::kName, [&](void* stream) { return launch_on_cuda(program, blocks, stream); });
    return;
  }
#endif
  launch_on_host(Program::kName, [program, blocks] { run_on_host(program, blocks); });
}

}  // namespace limbeck
