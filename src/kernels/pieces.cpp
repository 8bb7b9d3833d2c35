#include "kernels/pieces.h"

#include <ATen/Parallel.h>
#include <linux/futex.h>
#include <omp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cfenv>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace limbeck {
namespace {

constexpr size_t kMostThreads = 128;
// Between the loops of a step lie some tens of microseconds, where waking a thread takes 10 to 50: a helper looks out
// for the next loop for so long before it sleeps, and a caller for the last helper's piece.
constexpr std::chrono::microseconds kLookout{50};

thread_local bool in_piece = false;

using Word = std::atomic<uint32_t>;
static_assert(sizeof(Word) == sizeof(uint32_t));

void sleep_while(const Word& word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake(const Word& word, int threads) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
}

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Whether the condition came true within the lookout.
template <class Condition>
bool comes_true(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + kLookout;
  do {
    for (int i = 0; i < 16; ++i) {
      if (condition()) return true;
      pause_briefly();
    }
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

class Pool {
 public:
  /// False where the helpers are at work for another thread.
  bool run(int64_t pieces, PieceBody body, size_t threads) {
    const std::unique_lock lock(in_use_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    add_helpers(threads - 1);
    open(pieces, body, threads);
    work(0);
    close();
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
    return true;
  }

 private:
  /// The pieces that are a thread's at first; when they are gone it takes from others.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  // The state of the loop: how many helpers have joined, whether more may, whether the caller sleeps until they are
  // gone, and above that the loop's number, by which a helper knows a loop that it has already worked on.
  static constexpr uint32_t kJoined = (1U << 10) - 1, kOpen = 1U << 10, kAwaited = 1U << 11, kNumber = 1U << 12;

  /// As many as could be started, if not all. Returns when they need LibTorch no more for their own sake: its global
  /// state is gone once the process exits, and a helper that came to it then would corrupt the heap.
  void add_helpers(size_t wanted) {
    if (helpers_ >= wanted) return;
    try {
      for (; helpers_ < wanted; ++helpers_) std::thread([this] { help(); }).detach();
    } catch (const std::system_error&) {
    }
    for (uint32_t ready = 0; (ready = ready_.load()) < helpers_;) sleep_while(ready_, ready);
  }

  void open(int64_t pieces, PieceBody body, size_t threads) {
    body_ = body;
    shares_in_use_ = std::min(threads, static_cast<size_t>(pieces));
    for (size_t i = 0; i < shares_in_use_; ++i) {
      const auto part = [&](size_t end) {
        return pieces * static_cast<int64_t>(end) / static_cast<int64_t>(shares_in_use_);
      };
      shares_[i].next.store(part(i), std::memory_order_relaxed);
      shares_[i].end = part(i + 1);
    }
    failed_.store(false, std::memory_order_relaxed);
    std::fegetenv(&mode_);
    most_helpers_.store(static_cast<uint32_t>(shares_in_use_) - 1, std::memory_order_relaxed);
    state_.store((state_.load(std::memory_order_relaxed) & ~(kNumber - 1)) + kNumber + kOpen);
    if (sleeping_.load() > 0) wake(state_, static_cast<int>(shares_in_use_) - 1);
  }

  void work(size_t own) {
    in_piece = true;
    for (size_t turn = 0; turn < shares_in_use_; ++turn) {
      Share& share = shares_[(own + turn) % shares_in_use_];
      for (int64_t piece = 0; (piece = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;)
        if (!failed_.load(std::memory_order_relaxed)) call(piece);
    }
    in_piece = false;
  }

  void call(int64_t piece) {
    try {
      body_(piece);
    } catch (...) {
      if (!failed_.exchange(true)) failure_ = std::current_exception();
    }
  }

  void close() {
    uint32_t state = state_.fetch_and(~kOpen) & ~kOpen;
    const auto alone = [&] {
      state = state_.load();
      return (state & kJoined) == 0;
    };
    if (alone() || comes_true(alone)) return;
    const uint32_t before = left_.load();
    state = state_.fetch_or(kAwaited) | kAwaited;
    while (!alone()) sleep_while(left_, before);
  }

  /// Whether the loop in this state takes another helper, other than one that has worked on it.
  bool takes(uint32_t state, uint32_t seen) const {
    return (state & kOpen) != 0 && state / kNumber != seen &&
           (state & kJoined) < most_helpers_.load(std::memory_order_relaxed);
  }

  /// The helper's place among those at work, from 1; 0: there is nothing to do.
  uint32_t join(uint32_t& seen) {
    uint32_t state = state_.load();
    while (takes(state, seen))
      if (state_.compare_exchange_weak(state, state + 1)) {
        seen = state / kNumber;
        return (state & kJoined) + 1;
      }
    return 0;
  }

  void leave() {
    const uint32_t state = state_.fetch_sub(1) - 1;
    if ((state & kJoined) != 0 || (state & kAwaited) == 0) return;
    left_.fetch_add(1);
    wake(left_, 1);
  }

  [[noreturn]] void help() {
    at::get_num_threads();  // LibTorch sets a thread's number when it is first asked for
    omp_set_num_threads(1);
    ready_.fetch_add(1);
    wake(ready_, 1);
    uint32_t seen = 0, place = 0;
    for (;;) {
      if (comes_true([&] { return (place = join(seen)) != 0; })) {
        std::fesetenv(&mode_);
        work(place);
        leave();
        continue;
      }
      sleeping_.fetch_add(1);
      const uint32_t state = state_.load();
      if (!takes(state, seen)) sleep_while(state_, state);
      sleeping_.fetch_sub(1);
    }
  }

  std::mutex in_use_;
  size_t helpers_ = 0;
  // What follows is written by the caller while no helper has joined, and read by those who have.
  PieceBody body_;
  std::fenv_t mode_{};
  size_t shares_in_use_ = 0;
  Word most_helpers_{0};
  std::array<Share, kMostThreads> shares_;
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
  alignas(64) Word state_{0};
  alignas(64) Word sleeping_{0};
  Word left_{0};   ///< how often a caller was woken
  Word ready_{0};  ///< helpers that are set up
};

Pool& pool() {
  static Pool& it = *new Pool;  // lives as long as its threads: to the end of the process
  return it;
}

/// No threads of OpenMP's beside the pool's.
class NoOtherThreads {
 public:
  NoOtherThreads() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~NoOtherThreads() { omp_set_num_threads(before_); }
  NoOtherThreads(const NoOtherThreads&) = delete;
  NoOtherThreads& operator=(const NoOtherThreads&) = delete;

 private:
  int before_;
};

}  // namespace

void run_pieces(int64_t pieces, PieceBody body) {
  const size_t threads =
      in_piece || at::in_parallel_region() ? 1 : std::min(static_cast<size_t>(at::get_num_threads()), kMostThreads);
  const NoOtherThreads guard;
  if (threads > 1 && pool().run(pieces, body, threads)) return;
  for (int64_t piece = 0; piece < pieces; ++piece) body(piece);
}

}  // namespace limbeck
