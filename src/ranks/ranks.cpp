#include "ranks/ranks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <charconv>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <thread>

#include "core/error.h"
#include "core/unique_name.h"
#include "ranks/store.h"
#include "ranks/watch.h"

namespace limbeck {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLook{250};
constexpr auto kStill = std::chrono::seconds(3);  // without a beat, where a connection has broken already
constexpr auto kMostLooking = std::chrono::seconds(15);
constexpr std::chrono::duration<double> kConnecting{10};  // of silence, while ranks connect

milliseconds in_milliseconds(double seconds) {
  return milliseconds(static_cast<int64_t>(seconds * 1000));
}

/// The first line, without c10's backtrace.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

/// The address of this host from which the other one is reached; empty if there is none.
std::string own_address_towards(const std::string& host, uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;  // nothing is sent
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return "";
  std::string address;
  for (const addrinfo* each = found; each != nullptr && address.empty(); each = each->ai_next) {
    const int socket_of = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
    if (socket_of < 0) continue;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    char text[NI_MAXHOST] = {};
    if (connect(socket_of, each->ai_addr, each->ai_addrlen) == 0 &&
        getsockname(socket_of, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
        getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      address = text;
    close(socket_of);
  }
  freeaddrinfo(found);
  return address;
}

using GroupPointer = c10::intrusive_ptr<c10d::ProcessGroupGloo>;

GroupPointer make_group(const Launch& launch, double seconds) {
  const auto options = c10d::ProcessGroupGloo::Options::create();
  if (const auto interface = environment_of_process()("GLOO_SOCKET_IFNAME")) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(*interface));
  } else {
    const std::string own = own_address_towards(launch.address, launch.port);
    options->devices.push_back(own.empty() ? c10d::ProcessGroupGloo::createDefaultDevice()
                                           : c10d::ProcessGroupGloo::createDeviceForHostname(own));
  }
  options->threads = 2;
  const StorePointer store = open_store(launch, /*serves=*/false, seconds);  // its waits hold up no other
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, launch.rank, launch.size, options);
}

}  // namespace

struct Ranks::Pending::Work {
  c10::intrusive_ptr<c10d::Work> work;
  at::Tensor values, on_host;  ///< the same tensor on the CPU
};

class Ranks::Group {
 public:
  Group(const Launch& launch, const Times& times)
      : launch_(launch), times_(times), watch_(std::make_shared<Watch>(launch, times.join)) {
    try {
      enter();
      watch_->start();
      meet_all();
      connect();
    } catch (const Error&) {
      watch_->stop();
      throw;
    } catch (const std::exception& error) {
      watch_->stop();
      throw Error(fmt::format("the {} ranks did not find each other: {}", launch_.size, first_line(error)));
    }
  }

  ~Group() {
    if (failed_) {
      // Its work may be stuck in a connection that nobody closes, for which its destructor would wait.
      gloo_.release();
      if (launch_.rank == 0) std::this_thread::sleep_for(kStill);  // others still ask its store what happened
    }
    watch_->stop();
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const Launch& launch() const { return launch_; }
  c10d::ProcessGroupGloo& gloo() { return *gloo_; }

  /// Waits in steps, between which it looks whether the others live.
  void wait(c10d::Work& work) {
    for (;;) {
      try {
        work.wait(kStill);
        return;
      } catch (const std::exception& error) {
        if (work.isCompleted())
          fail(error);
        else
          look(std::chrono::duration<double>(times_.silence));
      }
    }
  }

  void leave(const std::string& reason) noexcept {
    failed_ = true;
    try {
      watch_->post(fmt::format("ended/{}", launch_.rank), reason);
    } catch (const std::exception&) {
    }
  }

 private:
  void enter() {
    const std::string place = fmt::format("{}:{}", launch_.address, launch_.port);
    try {
      store_ = open_store(launch_, launch_.rank == 0, times_.join);
    } catch (const std::exception& error) {
      throw Error(launch_.rank == 0
                      ? fmt::format("rank 0 cannot wait for the other ranks at {}: {}; give MASTER_PORT a port that is "
                                    "free, and MASTER_ADDR an address of this host",
                                    place, first_line(error))
                      : fmt::format("rank {} did not reach rank 0 at {} in {:g} s: {}", launch_.rank, place,
                                    times_.join, first_line(error)));
    }
  }

  /// Rank 0 waits for all, and tells the others.
  void meet_all() {
    store_->set(fmt::format("joined/{}", launch_.rank),
                bytes_of(fmt::format("host {}, process {}", host_name(), getpid())));
    if (launch_.rank == 0) {
      const auto end = Clock::now() + in_milliseconds(times_.join);
      std::vector<int> missing = missing_ranks();
      for (; !missing.empty() && Clock::now() < end; missing = missing_ranks()) std::this_thread::sleep_for(kLook);
      store_->set("met", bytes_of(missing.empty() ? "" : missing_text(missing)));
    }
    store_->wait({"met"}, in_milliseconds(times_.join + 30));
    const std::string problem = text_of(store_->get("met"));
    if (problem.empty()) {
      for (int rank = 0; rank < launch_.size; ++rank) names_.push_back(name_of(*store_, rank));
      return;
    }
    if (launch_.rank == 0) std::this_thread::sleep_for(std::chrono::seconds(1));  // for the others to hear of it
    throw Error(problem);
  }

  std::vector<int> missing_ranks() {
    std::vector<int> missing;
    for (int rank = 0; rank < launch_.size; ++rank)
      if (!store_->check({fmt::format("joined/{}", rank)})) missing.push_back(rank);
    return missing;
  }

  std::string missing_text(const std::vector<int>& missing) const {
    return fmt::format(
        "rank{} {} of {} did not come in {:g} s (LIMBECK_JOIN_SECONDS says how long to wait); started "
        "by {}, rank 0 waits at {}:{}",
        missing.size() == 1 ? "" : "s", fmt::join(missing, ", "), launch_.size, times_.join, launch_.launcher,
        launch_.address, launch_.port);
  }

  /// In a thread of its own, which waits for the addresses of all: one that ends before it has said its own is found by
  /// its silence.
  void connect() {
    std::packaged_task<GroupPointer()> making(
        [launch = launch_, seconds = times_.join] { return make_group(launch, seconds); });
    std::future<GroupPointer> made = making.get_future();
    std::thread(std::move(making)).detach();
    while (made.wait_for(kStill) != std::future_status::ready) look(kConnecting);
    gloo_ = made.get();
  }

  /// Throws Error if a rank has ended, or nothing was heard of one for so long.
  void look(std::chrono::duration<double> silence) {
    const Sight sight = watch_->look(silence);
    if (sight.is_store_lost) end(store_lost());
    if (!sight.told.empty()) end(sight.told);
    if (const int gone = silent(sight, silence); gone >= 0)
      end(fmt::format("{} is gone: nothing was heard of it for {:g} s", name(gone), silence.count()));
  }

  /// A connection has broken: finds out which rank has ended.
  [[noreturn]] void fail(const std::exception& error) {
    const auto until = Clock::now() + kMostLooking;
    while (Clock::now() < until) {
      const Sight sight = watch_->look(kMostLooking);
      if (sight.is_store_lost) end(store_lost());
      if (!sight.told.empty()) end(sight.told);
      if (const int gone = silent(sight, kStill); gone >= 0)
        end(fmt::format("{} is gone: it was killed, or its host cannot be reached", name(gone)));
    }
    end(fmt::format("the connection to another rank broke: {}", first_line(error)));
  }

  /// The first rank of which nothing was heard for longer; -1: none.
  int silent(const Sight& sight, std::chrono::duration<double> time) const {
    for (int rank = 0; rank < launch_.size; ++rank)
      if (rank != launch_.rank && Clock::now() - sight.since[static_cast<size_t>(rank)] > time) return rank;
    return -1;
  }

  std::string name(int rank) const { return names_[static_cast<size_t>(rank)]; }

  std::string store_lost() const { return fmt::format("rank 0, at {}:{}, is gone", launch_.address, launch_.port); }

  [[noreturn]] void end(const std::string& what) {
    failed_ = true;
    watch_->post("lost", what);
    throw Error(fmt::format("{}; all {} ranks end. Started again, the run resumes from its last checkpoint", what,
                            launch_.size));
  }

  Launch launch_;
  Times times_;
  StorePointer store_;  ///< while the ranks meet
  std::shared_ptr<Watch> watch_;
  std::vector<std::string> names_;
  GroupPointer gloo_;
  bool failed_ = false;
};

Ranks::Times Ranks::times_from(const Environment& environment) {
  const auto seconds = [&](const char* name, double otherwise) {
    const std::optional<std::string> text = environment(name);
    if (!text) return otherwise;
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || !(value >= 1 && value <= 86400))
      throw Error(ErrorKind::usage, fmt::format("{}='{}'; expected seconds, from 1 to 86400", name, *text));
    return value;
  };
  const Times usual;
  return {.join = seconds("LIMBECK_JOIN_SECONDS", usual.join),
          .silence = seconds("LIMBECK_SILENCE_SECONDS", usual.silence)};
}

Ranks::Ranks(const Launch& launch, const Times& times) : group_(std::make_unique<Group>(launch, times)) {}
Ranks::~Ranks() = default;

int Ranks::rank() const {
  return group_->launch().rank;
}
int Ranks::size() const {
  return group_->launch().size;
}
int Ranks::local_rank() const {
  return group_->launch().local_rank;
}

void Ranks::Pending::wait() {
  ranks_->group_->wait(*work_->work);
  if (!work_->on_host.is_same(work_->values)) work_->values.copy_(work_->on_host);
  work_.reset();
}

Ranks::Pending Ranks::begin_sum(const at::Tensor& values) {
  const at::Tensor on_host = values.cpu();
  std::vector<at::Tensor> tensors = {on_host};
  Pending pending;
  pending.ranks_ = this;
  pending.work_ = std::make_shared<Pending::Work>(Pending::Work{group_->gloo().allreduce(tensors), values, on_host});
  return pending;
}

void Ranks::broadcast(const at::Tensor& values) {
  at::Tensor flat = values.cpu().contiguous();
  std::vector<at::Tensor> tensors = {flat};
  group_->wait(*group_->gloo().broadcast(tensors));
  if (!flat.is_same(values) && !writes()) at::Tensor(values).copy_(flat);
}

std::string Ranks::broadcast(const std::string& text) {
  const at::Tensor size = at::full({1}, static_cast<int64_t>(text.size()), at::kLong);
  broadcast(size);
  const at::Tensor bytes = at::empty({size.item<int64_t>()}, at::kByte);
  if (writes() && !text.empty()) std::memcpy(bytes.data_ptr(), text.data(), text.size());
  if (bytes.numel() > 0) broadcast(bytes);
  return {static_cast<const char*>(bytes.data_ptr()), static_cast<size_t>(bytes.numel())};
}

at::Tensor Ranks::join_rows(const at::Tensor& rows, int64_t* before) {
  if (!rows.is_cpu()) return join_rows(rows.cpu(), before).to(rows.device());
  const at::Tensor counts = at::zeros({size()}, at::kLong);
  counts[rank()].fill_(rows.size(0));
  sum(counts);
  if (before != nullptr) *before = counts.narrow(0, 0, rank()).sum().item<int64_t>();
  std::vector<int64_t> shape = rows.sizes().vec();
  shape[0] = counts.max().item<int64_t>();
  if (shape[0] == 0) return rows;
  at::Tensor padded = at::zeros(shape, rows.options());
  padded.narrow(0, 0, rows.size(0)).copy_(rows);
  std::vector<at::Tensor> inputs = {padded};
  std::vector<std::vector<at::Tensor>> outputs(1);
  for (int i = 0; i < size(); ++i) outputs.front().push_back(at::empty(shape, rows.options()));
  group_->wait(*group_->gloo().allgather(outputs, inputs));
  std::vector<at::Tensor> parts;
  for (int i = 0; i < size(); ++i)
    parts.push_back(outputs.front()[static_cast<size_t>(i)].narrow(0, 0, counts[i].item<int64_t>()));
  return at::cat(parts);
}

void Ranks::meet() {
  sum(at::zeros({1}, at::kLong));
}

void Ranks::require_equal(const std::string& what, const std::string& text) {
  const std::string first = broadcast(text);
  const at::Tensor differs = at::zeros({size()}, at::kLong);
  differs[rank()].fill_(text == first ? 0 : 1);
  sum(differs);
  std::vector<int> others;
  for (int i = 0; i < size(); ++i)
    if (differs[i].item<int64_t>() != 0) others.push_back(i);
  if (others.empty()) return;
  const std::string shown = text == first ? "" : fmt::format(": '{}' here, '{}' there", text, first);
  throw Error(ErrorKind::usage, fmt::format("rank{} {} {} another {} than rank 0{}", others.size() == 1 ? "" : "s",
                                            fmt::join(others, ", "), others.size() == 1 ? "has" : "have", what, shown));
}

void Ranks::leave(const std::string& reason) noexcept {
  group_->leave(reason);
}

}  // namespace limbeck
