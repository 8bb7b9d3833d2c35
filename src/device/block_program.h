#pragma once
// Block programs: kernels written once, as C++ for nvcc and for any other compiler. On CUDA a program runs as a kernel;
// in tests it runs on the processor, block by block and thread by thread, so that its arithmetic is proved without a
// GPU.
//
//   struct Doubled {                               // trivially copyable: pointers and numbers, at most 4,000 bytes
//     static constexpr const char* kName = "doubled";
//     static constexpr int kThreads = 256;         // of a block
//     static constexpr int kPhases = 1;
//     struct Shared {};                            // what the threads of a block share: not initialized
//     float* x;
//     int64_t count;
//     LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
//       const int64_t i = block * kThreads + thread;
//       if (i < count) x[i] *= 2;
//     }
//   };
//
// Between phases all threads of a block wait for each other. What a thread keeps from one phase to the next lives in
// Shared. Sums are in a fixed order, without atomics: those of blocks go to a scratch tensor, for the next program.
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#ifdef __CUDACC__
#define LIMBECK_DEVICE __host__ __device__
#define LIMBECK_UNROLL _Pragma("unroll 4")
#else
#define LIMBECK_DEVICE
#define LIMBECK_UNROLL
#endif

namespace limbeck {

/// Runs `blocks` blocks on the processor, one after another.
template <class Program>
void run_on_host(const Program& program, int64_t blocks) {
  using Shared = typename Program::Shared;
  static_assert(std::is_trivially_copyable_v<Program> && std::is_trivially_copyable_v<Shared>);
  static_assert(sizeof(Program) <= 4000 && sizeof(Shared) <= 48 << 10);
  const std::unique_ptr<Shared> shared(new Shared);
  for (int64_t block = 0; block < blocks; ++block) {
    std::memset(static_cast<void*>(shared.get()), 0xff, sizeof(Shared));  // NaN, should a phase read what none wrote
    for (int phase = 0; phase < Program::kPhases; ++phase)
      for (int thread = 0; thread < Program::kThreads; ++thread) program.run(phase, block, thread, *shared);
  }
}

#ifdef __CUDACC__
template <class Program>
__global__ void __launch_bounds__(Program::kThreads) run_blocks(const __grid_constant__ Program program) {
  __shared__ typename Program::Shared shared;
#pragma unroll
  for (int phase = 0; phase < Program::kPhases; ++phase) {
    if (phase > 0) __syncthreads();
    program.run(phase, static_cast<int64_t>(blockIdx.x), static_cast<int>(threadIdx.x), shared);
  }
}
#endif

}  // namespace limbeck
