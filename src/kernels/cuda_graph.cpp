#include "kernels/cuda_graph.h"

#ifdef LIMBECK_LIBTORCH_HAS_CUDA
#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>

namespace limbeck {
namespace {

class CudaGraph : public RecordedWork {
 public:
  explicit CudaGraph(const std::function<void()>& work) {
    // The default stream cannot be captured; then always the same other one, since libraries keep memory for each. A
    // thread with a stream of its own captures there: graphs that are launched side by side may not share that memory.
    static const c10::cuda::CUDAStream beside = c10::cuda::getStreamFromPool();
    const c10::cuda::CUDAStream own = c10::cuda::getCurrentCUDAStream();
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();  // of recordings that are no more: during a capture nothing is given
                                                    // back
    const c10::cuda::CUDAStreamGuard guard(own == c10::cuda::getDefaultCUDAStream() ? beside : own);
    graph_.capture_begin();
    try {
      work();
    } catch (...) {
      try {
        graph_.capture_end();  // else the stream stays in capture
      } catch (const std::exception&) {
        // the capture is known to be broken; what broke it is told
      }
      throw;
    }
    graph_.capture_end();
  }

  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

}  // namespace

Recorder cuda_graphs() {
  return [](const std::function<void()>& work) { return std::make_unique<CudaGraph>(work); };
}

}  // namespace limbeck

#else

namespace limbeck {

Recorder cuda_graphs() {
  return {};
}

}  // namespace limbeck

#endif
