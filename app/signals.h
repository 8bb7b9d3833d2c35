#pragma once
// Signals as requests to stop: the first one lets the run save and end, a second one ends the process at once.
#include <initializer_list>
#include <stop_token>

namespace limbeck {

/// Installs the handlers. Call once, from main.
void stop_on(std::initializer_list<int> signals);
/// Returns the token that the first signal stops.
std::stop_token stop_token();
/// Returns the signal that requested the stop, or 0.
int stop_signal() noexcept;

/// Restores an ignored SIGHUP: if it was ignored when the program started, as under nohup, it is ignored again, even if
/// libraries changed that since.
void keep_hangup_held_off();

}  // namespace limbeck
