#pragma once
// Stopping a run on a signal. The signal handler calls request_stop; the trainer checks between steps, saves a
// checkpoint and throws.
namespace limbeck {

/// Async-signal-safe.
void request_stop(int signal) noexcept;
/// Returns the signal passed to request_stop, or 0.
int stop_requested() noexcept;

}  // namespace limbeck
