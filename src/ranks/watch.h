#pragma once
// Shows that this rank lives, looks whether the others do, and posts what they are to hear: in a thread and by a
// connection of its own, so that a host that does not answer holds up nobody.
//
//   const auto watch = std::make_shared<Watch>(launch, /*join=*/300);
//   watch->start();
//   const Sight sight = watch->look(std::chrono::seconds(10));
//
// Thread-safety: all functions may be called from several threads.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ranks/launch.h"

namespace limbeck {

/// What is known of the others, as of some moment.
struct Sight {
  int64_t number = 0;                                        ///< of this look
  bool is_store_lost = false;                                ///< rank 0, which hosts the store, did not answer
  std::string told;                                          ///< what ranks said of their own or another's end
  std::vector<int64_t> beats;                                ///< per rank
  std::vector<std::chrono::steady_clock::time_point> since;  ///< per rank, when its beats last changed
};

class Watch : public std::enable_shared_from_this<Watch> {
 public:
  /// `join`: seconds in which rank 0 has to answer first.
  Watch(Launch launch, double join);

  /// Begins; the thread lives until stop(), or until rank 0 does not answer.
  void start();
  void stop();
  /// Looks anew; the store counts as lost where that takes longer than `limit`.
  Sight look(std::chrono::duration<double> limit);
  /// Sets a key that nobody has set, if rank 0 answers within a few seconds: "lost", or "ended/RANK".
  void post(const std::string& key, const std::string& text);

 private:
  void run();

  Launch launch_;
  double join_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Sight sight_;
  std::vector<std::pair<std::string, std::string>> posts_;
  bool is_asked_ = false, stops_ = false;
};

}  // namespace limbeck
