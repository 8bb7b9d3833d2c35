#pragma once
// Asking a run to stop. A signal handler calls request_stop; the trainer checks between two steps, saves a checkpoint
// and throws.
namespace limbeck {

/// Safe in a signal handler.
void request_stop(int signal) noexcept;
/// The signal that asked to stop, or 0.
int stop_requested() noexcept;

}  // namespace limbeck
