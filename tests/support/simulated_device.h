#pragma once
// A simulated accelerator: LibTorch's device type PrivateUse1, whose memory is the host's and whose operations are the
// processor's. To the code under test it is a device like CUDA: every operation that reaches it is a kernel launch,
// a value that the host reads is a synchronization, tensors of different devices do not mix, and work can be captured
// and replayed as a graph. So what a GPU would do, step by step, is proved without one.
//
//   simulated_device::use();
//   network.to(simulated_device::device());
//   const simulated_device::Counts counts = simulated_device::count([&] { step(); });
//   EXPECT_EQ(counts.host_reads, 0);
//   const Recorder graphs = simulated_device::graphs();     // in place of cuda_graphs()
//
// A replay runs the recorded kernels on the recorded memory, and nothing else of the host's code, as a CUDA graph does.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "kernels/captured_work.h"

namespace limbeck::simulated_device {

at::Device device();
/// Registers the device. Must be called before its first use; may be called again.
void use();

/// How the device convolves, adds and rectifies in one call, as cuDNN: rightly, with other numbers, or not at all.
enum class JoinedConvolutions { right, wrong, missing };
/// Until the next call; at first `right`.
void set(JoinedConvolutions how);

/// What reached the device.
struct Counts {
  int64_t kernels = 0;                     ///< operations, including copies on the device
  int64_t host_reads = 0;                  ///< values or tensors that the host read, which waits for the device
  int64_t host_writes = 0;                 ///< tensors that the host copied to the device
  int64_t replays = 0;                     ///< of recorded graphs; their kernels are not counted
  std::map<std::string, int64_t> by_name;  ///< operations by name
  std::string to_text() const;             ///< "48 kernels: 12 aten::mm, …"
};
/// Counts what `work` does. Not reentrant.
Counts count(const std::function<void()>& work);

/// Returns a recorder for the device. A capture fails, as a CUDA graph's does, where the host reads or writes the
/// device's memory, or at the kernel after the first `most`; a replay fails if memory that it reads, and did not
/// allocate itself, has been released.
Recorder graphs(size_t most = std::numeric_limits<size_t>::max());

}  // namespace limbeck::simulated_device
