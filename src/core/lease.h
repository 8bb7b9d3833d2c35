#pragma once
// A lease: a file in a folder that several hosts share, which says who uses something and that he lives. The holder
// writes to it every few seconds; who has not done so for longer than the lease lasts is taken for dead, and another
// may steal it. This is what locks of one host cannot do (core/claim.h joins the two):
//
// - It is created by link(2) of a file written before, which is atomic on network file systems too.
// - Its age is the difference of two times of the file server: that of a file written just now in the same folder, and
//   the lease's own. Clocks of hosts do not count, except where hosts set the times of files (Lustre).
// - It is stolen by rename(2) to a name of the thief's own. If what he then holds is not what he judged, he puts it
//   back by link(2).
//
//   if (const auto lease = Lease::take("runs/a/.lease", LeaseRules())) …     // ours, until destruction
//   const std::optional<SeenLease> other = look_at_lease("runs/a/.lease");   // whose it is, and how old
//
// Thread-safety: all functions may be called from several threads.
#include <time.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/files.h"

namespace limbeck {

/// Who holds a lease.
struct LeaseHolder {
  std::string host;
  std::string kernel;   ///< boot id of the running kernel, within which locks of files count; empty: unknown
  int64_t process = 0;  ///< process id; 0: unknown
};

LeaseHolder this_process();

/// How long a lease lasts after its holder's last sign of life: LIMBECK_LEASE_SECONDS, or 60. Throws Error of kind
/// usage unless it is a number from 5 to 86400.
double lease_seconds();

/// Tests hold leases of other hosts, and short ones.
struct LeaseRules {
  LeaseHolder holder = this_process();
  double seconds = lease_seconds();  ///< the holder writes at least six times in this time
};

/// A lease as it was found.
struct SeenLease {
  std::string content;  ///< differs for every lease that was ever taken
  LeaseHolder holder;
  double seconds = 0;  ///< how long it lasts
  double age = 0;      ///< seconds since the holder's last sign of life
  timespec written{};  ///< that sign of life, by the file's clock

  bool is_expired() const { return age > seconds; }
  /// Whether a process of the same kernel wrote it.
  bool is_beside(const LeaseHolder& other) const { return !other.kernel.empty() && other.kernel == holder.kernel; }
};

/// By whose clock a lease's age is told. The file server's: a file is written in the folder. This host's: the folder is
/// only read, and the age is wrong by as much as the clocks differ.
enum class LeaseClock { file_server, this_host };

/// Returns nullopt if there is none. The holder of a damaged one is unknown. Throws Error if the folder cannot be
/// written.
std::optional<SeenLease> look_at_lease(const fs::path& file, LeaseClock clock = LeaseClock::file_server);

/// Removes a lease that was seen. Returns false if it is gone, and leaves it in its place if it is another by now, or
/// was renewed.
bool steal_lease(const fs::path& file, const SeenLease& seen);

/// A lease of this process, which one thread renews for all of them; removed at destruction unless it was lost.
class Lease {
 public:
  /// Returns nullptr if there is a lease already. Throws Error if the folder cannot be written.
  static std::unique_ptr<Lease> take(const fs::path& file, const LeaseRules& rules);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// False after it was stolen, as far as the last renewal could tell. If it was only removed, it is made again.
  bool held() const { return is_held_; }

 private:
  friend class LeaseRenewal;
  Lease(fs::path file, std::string content, double seconds);
  void renew();

  const fs::path file_;
  const std::string content_;
  const std::chrono::steady_clock::duration between_;  ///< signs of life
  std::chrono::steady_clock::time_point next_;         ///< sign of life
  std::atomic<bool> is_held_ = true;
};

}  // namespace limbeck
