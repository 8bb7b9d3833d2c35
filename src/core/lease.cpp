#include "core/lease.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/descriptor.h"
#include "core/error.h"
#include "core/json.h"
#include "core/unique_name.h"

namespace limbeck {
namespace {

using LeaseTime = std::chrono::steady_clock;

constexpr double kUsualLease = 60, kShortestLease = 5, kLongestLease = 86400;  // seconds
constexpr double kRenewalsPerLease = 6;
constexpr double kSlowestRenewal = 10;  // seconds
constexpr size_t kLongestContent = 4096;

constexpr const char *kHost = "host", *kKernel = "kernel", *kProcess = "process", *kLasts = "lasts_seconds";

[[noreturn]] void cannot_write(const fs::path& file, int reason) {
  throw Error(fmt::format("cannot write '{}': {}", file.string(), std::strerror(reason)));
}

/// Writes from the file's begin, so that the server notes the time.
bool put(int descriptor, const std::string& content) {
  return ::pwrite(descriptor, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()) &&
         ::fdatasync(descriptor) == 0;
}

std::string content_of(int descriptor) {
  std::string content(kLongestContent, '\0');
  const ssize_t size = ::pread(descriptor, content.data(), content.size(), 0);
  content.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return content;
}

double seconds_between(const timespec& earlier, const timespec& later) {
  return static_cast<double>(later.tv_sec - earlier.tv_sec) +
         static_cast<double>(later.tv_nsec - earlier.tv_nsec) * 1e-9;
}

/// The time that the file server gives to what is written now.
timespec time_of_server(const fs::path& beside) {
  const fs::path probe = unique_part(beside);
  struct stat status {};
  bool is_known = false;
  {
    Descriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file.is_open()) cannot_write(probe, errno);
    is_known = put(file.get(), ".") && file.close() == 0;
  }
  {
    const Descriptor file(::open(probe.c_str(), O_RDONLY | O_CLOEXEC));  // anew, so that the server is asked
    is_known = is_known && file.is_open() && ::fstat(file.get(), &status) == 0;
  }
  const int reason = errno;
  ::unlink(probe.c_str());
  if (!is_known) cannot_write(probe, reason);
  return status.st_mtim;
}

timespec time_of_host() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

/// What the content says; of a damaged lease nothing but the usual length.
void describe_holder(SeenLease& seen) {
  seen.seconds = kUsualLease;
  const std::optional<Json> told = parse_json_line(seen.content);
  if (!told || !told->is_object()) return;
  const auto text = [&](const char* key) {
    const auto found = told->find(key);
    return found != told->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto process = told->find(kProcess), lasts = told->find(kLasts);
  seen.holder = {.host = text(kHost), .kernel = text(kKernel)};
  if (process != told->end() && process->is_number_integer()) seen.holder.process = process->get<int64_t>();
  if (lasts != told->end() && lasts->is_number()) seen.seconds = std::clamp(lasts->get<double>(), 0.0, kLongestLease);
}

/// A new file with this content. Returns 0, or the reason why not.
int create(const fs::path& file, const std::string& content) {
  Descriptor written(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!written.is_open()) return errno;
  if (put(written.get(), content) && written.close() == 0) return 0;
  const int reason = errno;
  ::unlink(file.c_str());
  return reason;
}

/// The same, at once with all of its content.
int create_whole(const fs::path& file, const std::string& content) {
  const fs::path part = unique_part(file);
  if (const int reason = create(part, content); reason != 0) return reason;
  int reason = ::link(part.c_str(), file.c_str()) == 0 ? 0 : errno;
  struct stat status {};
  // The server of a network file system may have linked it although its answer was lost.
  if (reason == EEXIST && ::stat(part.c_str(), &status) == 0 && status.st_nlink == 2) reason = 0;
  ::unlink(part.c_str());
  const bool has_no_links = reason == EPERM || reason == ENOSYS || reason == EOPNOTSUPP;
  return has_no_links ? create(file, content) : reason;
}

}  // namespace

LeaseHolder this_process() {
  static const std::string kBoot = [] {
    try {
      std::string id = read_file("/proc/sys/kernel/random/boot_id");
      return id.substr(0, id.find('\n'));
    } catch (const Error&) {
      return std::string();
    }
  }();
  return {.host = host_name(), .kernel = kBoot, .process = ::getpid()};
}

double lease_seconds() {
  const char* text = std::getenv("LIMBECK_LEASE_SECONDS");
  if (text == nullptr || *text == '\0') return kUsualLease;
  double value = 0;
  const char* const all = text + std::strlen(text);
  const auto [end, problem] = std::from_chars(text, all, value);
  if (problem != std::errc() || end != all || !(value >= kShortestLease && value <= kLongestLease))
    throw Error(ErrorKind::usage, fmt::format("LIMBECK_LEASE_SECONDS='{}'; expected seconds, from {} to {}", text,
                                              kShortestLease, kLongestLease));
  return value;
}

std::optional<SeenLease> look_at_lease(const fs::path& file, LeaseClock clock) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 && errno == ENOENT) return std::nullopt;
  // The time first: if this process sleeps between the two, the lease looks younger, not older.
  const timespec now = clock == LeaseClock::file_server ? time_of_server(file) : time_of_host();
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened.is_open() && errno == ENOENT) return std::nullopt;
  if (!opened.is_open() || ::fstat(opened.get(), &status) != 0)
    throw Error(fmt::format("cannot read '{}': {}", file.string(), std::strerror(errno)));
  SeenLease seen{.content = content_of(opened.get()), .holder = {}, .written = status.st_mtim};
  seen.age = std::max(0.0, seconds_between(status.st_mtim, now));
  describe_holder(seen);
  return seen;
}

namespace {

/// Takes the file out of its place, and puts it back unless it is the wanted one. `written`: also unless it is as old.
bool remove_if(const fs::path& file, const std::string& content, const timespec* written) {
  const fs::path aside = unique_part(file);
  if (::rename(file.c_str(), aside.c_str()) != 0) return false;
  bool is_wanted = false;
  {
    const Descriptor opened(::open(aside.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    is_wanted = opened.is_open() && content_of(opened.get()) == content && ::fstat(opened.get(), &status) == 0 &&
                (written == nullptr || seconds_between(*written, status.st_mtim) == 0);
  }
  // If somebody took the free place meanwhile, whose lease this is will notice.
  if (!is_wanted) static_cast<void>(::link(aside.c_str(), file.c_str()));
  ::unlink(aside.c_str());
  return is_wanted;
}

}  // namespace

bool steal_lease(const fs::path& file, const SeenLease& seen) {
  return remove_if(file, seen.content, &seen.written);
}

/// The thread that renews all leases of this process. It lives from the first to the end of the process.
class LeaseRenewal {
 public:
  static LeaseRenewal& of_process() {
    static LeaseRenewal renewal;
    return renewal;
  }

  void add(Lease* lease) {
    const std::lock_guard hold(mutex_);
    leases_.push_back(lease);
    ++added_;
    if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    changed_.notify_all();
  }

  /// Waits while it is being renewed.
  void remove(Lease* lease) {
    const std::lock_guard hold(mutex_);
    std::erase(leases_, lease);
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock hold(mutex_);
    while (!stop.stop_requested()) {
      auto next = LeaseTime::time_point::max();
      for (Lease* lease : leases_) {
        if (lease->next_ <= LeaseTime::now()) lease->renew();
        next = std::min(next, lease->next_);
      }
      const auto is_new = [this, known = added_] { return added_ != known; };
      if (leases_.empty())
        changed_.wait(hold, stop, is_new);
      else
        changed_.wait_until(hold, stop, next, is_new);
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Lease*> leases_;
  uint64_t added_ = 0;
  std::jthread thread_;  // last, so that it ends before what it uses
};

Lease::Lease(fs::path file, std::string content, double seconds)
    : file_(std::move(file)),
      content_(std::move(content)),
      between_(std::chrono::duration_cast<LeaseTime::duration>(
          std::chrono::duration<double>(std::min(seconds / kRenewalsPerLease, kSlowestRenewal)))),
      next_(LeaseTime::now() + between_) {
  LeaseRenewal::of_process().add(this);
}

std::unique_ptr<Lease> Lease::take(const fs::path& file, const LeaseRules& rules) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const std::string content =
      Json{{kHost, rules.holder.host}, {kProcess, rules.holder.process}, {kKernel, rules.holder.kernel}, {"since", now},
           {kLasts, rules.seconds},    {"token", unique_token()}}
          .dump(-1, ' ', false, Json::error_handler_t::replace) +
      "\n";
  const int reason = create_whole(file, content);
  if (reason == EEXIST) return nullptr;
  if (reason != 0) cannot_write(file, reason);
  return std::unique_ptr<Lease>(new Lease(file, content, rules.seconds));
}

Lease::~Lease() {
  LeaseRenewal::of_process().remove(this);
  if (is_held_) remove_if(file_, content_, nullptr);
}

void Lease::renew() {
  next_ = LeaseTime::now() + between_;
  if (!is_held_) return;
  const Descriptor file(::open(file_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (file.is_open()) {
    const std::string found = content_of(file.get());
    if (found == content_)
      put(file.get(), content_);  // if that fails, the next may do
    else if (!found.empty())
      is_held_ = false;
    return;
  }
  // Somebody took it out of its place, and may be about to put it back.
  if (errno != ENOENT) return;
  is_held_ = create_whole(file_, content_) != ENOENT;  // the folder is gone
}

}  // namespace limbeck
