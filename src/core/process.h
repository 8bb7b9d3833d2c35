#pragma once
// Settings that libraries read once, when they are loaded, before main. A program that wants them right must set them
// before it starts the one that computes, or set them and start itself again.
namespace limbeck {

/// Sets in the environment, where the user did not: how threads wait for each other, and which kernels OpenBLAS uses on
/// processors that it does not know. True where something was not set and is now.
bool settle_environment();

/// The same, and keeps freed memory in the process, whose pages would otherwise be taken and given at every step.
/// Replaces this process by itself where a setting must be there from the start; so call it before any work. Returns
/// otherwise, also where starting again fails.
void settle_process(char** arguments);

}  // namespace limbeck
