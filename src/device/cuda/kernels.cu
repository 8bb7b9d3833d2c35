// The block programs as CUDA kernels. Knows nothing of LibTorch, which takes long to compile and differs by version.
#include "device/cuda/kernels.h"

namespace limbeck {

#define LIMBECK_DEFINE_LAUNCH(...)                                                                                  \
  const char* launch_on_cuda(const __VA_ARGS__& program, int64_t blocks, void* stream) {                            \
    using Program = __VA_ARGS__;                                                                                    \
    run_blocks<Program>                                                                                             \
        <<<static_cast<unsigned>(blocks), Program::kThreads, 0, static_cast<cudaStream_t>(stream)>>>(program);      \
    const cudaError_t error = cudaGetLastError();                                                                   \
    return error == cudaSuccess ? nullptr : cudaGetErrorString(error);                                              \
  }
LIMBECK_FOR_EACH_PROGRAM(LIMBECK_DEFINE_LAUNCH)

}  // namespace limbeck
