#include "core/interrupt.h"

#include <atomic>

namespace limbeck {
namespace {
std::atomic<int> requested{0};
static_assert(std::atomic<int>::is_always_lock_free);
}  // namespace

void request_stop(int signal) noexcept {
  requested.store(signal);
}
int stop_requested() noexcept {
  return requested.load();
}

}  // namespace limbeck
