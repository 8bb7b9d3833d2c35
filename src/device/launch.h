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

/// Makes the tensor's device current while it lives, and gives its stream.
class CudaStreamOf {
 public:
  explicit CudaStreamOf(const at::Tensor& on);
  ~CudaStreamOf();
  CudaStreamOf(const CudaStreamOf&) = delete;
  CudaStreamOf& operator=(const CudaStreamOf&) = delete;

  void* stream() const { return stream_; }
  /// Throws Error if the launch gave an error (null: none).
  static void check(const char* name, const char* error);

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
  void* stream_ = nullptr;
};

template <class Program>
void launch(const at::Tensor& on, const Program& program, int64_t blocks) {
  if (blocks <= 0) return;
#ifdef LIMBECK_HAS_CUDA_KERNELS
  if (on.is_cuda()) {
    const CudaStreamOf current(on);
    CudaStreamOf::check(Program::kName, launch_on_cuda(program, blocks, current.stream()));
    return;
  }
#endif
  launch_on_host(Program::kName, [program, blocks] { run_on_host(program, blocks); });
}

}  // namespace limbeck
