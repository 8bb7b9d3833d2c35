#include "experiment/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <sched.h>
#include <torch/cuda.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {

at::Device device_of(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::cuda && !torch::cuda::is_available())
    throw Error(ErrorKind::usage, "--device cuda: this machine, or this build of LibTorch, has no CUDA device");
  const bool cuda = choice == DeviceChoice::cuda || (choice == DeviceChoice::automatic && torch::cuda::is_available());
  if (!cuda) return at::kCPU;
  return {at::kCUDA, static_cast<at::DeviceIndex>(local_rank % static_cast<int>(torch::cuda::device_count()))};
}

void use_tf32(bool on) {
  at::globalContext().setAllowTF32CuDNN(on);
  at::globalContext().setAllowTF32CuBLAS(on);
}

void flush_denormals() {
  // Momenta of weights that are no longer used fade into denormal numbers, on which arithmetic is a hundred times
  // slower. The mode belongs to a thread: each of the pool sets its own.
  at::globalContext().setFlushDenormal(true);
  at::parallel_for(0, at::get_num_threads(), 1, [](int64_t, int64_t) { at::globalContext().setFlushDenormal(true); });
}

int threads_beside(int processes) {
  cpu_set_t allowed;
  const int all = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  return std::max(1, all / processes);
}

void use_threads(int threads) {
  if (threads <= 0) threads = threads_beside(1);
  at::set_num_threads(threads);
  flush_denormals();
}

}  // namespace limbeck
