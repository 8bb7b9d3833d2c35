#pragma once
// Environment settings that libraries read once, when they are loaded, before main. A program must set them before it
// starts the program that computes, or set them and start itself again.
namespace limbeck {

/// Sets environment variables that the user has not set: how threads wait for each other, and which kernels OpenBLAS
/// uses on unknown processors. Returns whether it set any.
bool settle_environment();

/// The same, and makes the allocator keep freed memory, which it would otherwise return to the system and request again
/// at every step. If a setting must be there from the start, the process starts itself again (exec), so call this
/// before any work. It returns otherwise, also if starting again fails.
void settle_process(char** arguments);

}  // namespace limbeck
