#pragma once
// What a CUDA device can do.
#include <ATen/core/Tensor.h>

#include <memory>

namespace limbeck {

/// Returns whether the device computes products of bfloat16 faster than of float32: CUDA devices of compute capability
/// 8.0 and above.
bool has_bfloat16(at::Device device);

/// While this lives, what this thread queues on a CUDA device goes into a stream of its own, so that it runs beside
/// what other threads queue. Does nothing for other devices.
class OwnStream {
 public:
  explicit OwnStream(at::Device device);
  ~OwnStream();
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

/// From here on, this thread uses that CUDA device where none is named. Does nothing for other devices.
void make_current(at::Device device);

/// Returns how many bytes of memory a CUDA device has; 0: not known.
double memory_of(at::Device device);

/// Waits for all that is queued on a device.
void wait_for(at::Device device);

}  // namespace limbeck
