#include "app/signals.h"

#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <thread>

namespace limbeck {
namespace {

std::atomic<int> first_signal{0};
std::atomic<int64_t> first_second{0};  // of a clock, when it came
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);
sem_t signalled;

/// Never destroyed: the thread below may use it until the process ends.
std::stop_source& stop_source() {
  static auto* const kSource = new std::stop_source;
  return *kSource;
}

int64_t seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

/// Whether a second signal may be one with the first: that of a closed terminal, which the system and the shell both
/// send; or SIGTERM at almost the same time: the system sends one for each thread of a parent that is killed.
bool may_repeat(int signal) {
  return signal == SIGHUP || (signal == SIGTERM && seconds_now() - first_second.load() <= 1);
}

/// A second signal stops at once.
void on_signal(int signal) {
  const int error = errno;
  int none = 0;
  int64_t never = 0;
  first_second.compare_exchange_strong(never, seconds_now());
  if (!first_signal.compare_exchange_strong(none, signal) && !may_repeat(signal)) std::_Exit(128 + signal);
  sem_post(&signalled);
  errno = error;
}

/// A handler may call few functions, and std::stop_source::request_stop is none of them: a thread calls it.
void start_watching() {
  stop_source();
  sem_init(&signalled, /*pshared=*/0, 0);
  sigset_t all{}, before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([] {
    while (sem_wait(&signalled) != 0) continue;
    stop_source().request_stop();
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// Whether SIGHUP is held off, as by nohup. Asked before any library begins, for UCX, which Debian 13's LibTorch brings
/// along, takes the signal for itself.
bool hangup_is_held_off = false;
void look_at_hangup() {
  struct sigaction found {};
  sigaction(SIGHUP, nullptr, &found);
  hangup_is_held_off = found.sa_handler == SIG_IGN;
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeLibraries)() = look_at_hangup;

}  // namespace

/// On a stack of its own: with the handler on the common one, signals during oneDNN's products corrupted the heap,
/// presumably because its generated code keeps numbers farther below the stack pointer than the 128 bytes that the
/// system leaves alone.
void stop_on(std::initializer_list<int> signals) {
  start_watching();
  static std::byte memory[64 << 10];
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = sizeof memory;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  for (const int signal : signals) sigaction(signal, &action, nullptr);
  keep_hangup_held_off();
}

std::stop_token stop_token() {
  return stop_source().get_token();
}

int stop_signal() noexcept {
  return first_signal.load();
}

void keep_hangup_held_off() {
  if (hangup_is_held_off) signal(SIGHUP, SIG_IGN);
}

}  // namespace limbeck
