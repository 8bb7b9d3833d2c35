#include "ranks/watch.h"

#include <fmt/core.h>

#include <thread>

#include "ranks/store.h"

namespace limbeck {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBeat{500};  // how often a rank shows that it lives
constexpr std::chrono::seconds kPost{3};

std::string alive_key(int rank) {
  return fmt::format("alive/{}", rank);
}

void refresh(Sight& sight, c10d::Store& store, const Launch& launch) {
  ++sight.number;
  if (store.check({"lost"})) sight.told = text_of(store.get("lost"));
  for (int rank = 0; rank < launch.size; ++rank) {
    if (rank == launch.rank) continue;
    const auto place = static_cast<size_t>(rank);
    const int64_t beats = store.add(alive_key(rank), 0);
    if (beats != sight.beats[place]) sight.since[place] = Clock::now();
    sight.beats[place] = beats;
    const std::string key = fmt::format("ended/{}", rank);
    if (sight.told.empty() && store.check({key}))
      sight.told = fmt::format("{} ended: {}", name_of(store, rank), text_of(store.get(key)));
  }
}

}  // namespace

Watch::Watch(Launch launch, double join) : launch_(std::move(launch)), join_(join) {
  sight_.beats.assign(static_cast<size_t>(launch_.size), -1);
  sight_.since.assign(static_cast<size_t>(launch_.size), Clock::now());
}

void Watch::start() {
  std::thread([own = shared_from_this()] { own->run(); }).detach();
}

void Watch::stop() {
  const std::lock_guard lock(mutex_);
  stops_ = true;
  changed_.notify_all();
}

Sight Watch::look(std::chrono::duration<double> limit) {
  std::unique_lock lock(mutex_);
  const int64_t before = sight_.number;
  is_asked_ = true;
  if (!changed_.wait_for(lock, limit, [&] { return sight_.number > before || sight_.is_store_lost; }))
    sight_.is_store_lost = true;
  return sight_;
}

void Watch::post(const std::string& key, const std::string& text) {
  std::unique_lock lock(mutex_);
  posts_.emplace_back(key, text);
  changed_.notify_all();
  changed_.wait_for(lock, kPost, [&] { return posts_.empty() || sight_.is_store_lost; });
}

void Watch::run() {
  try {
    const StorePointer store = open_store(launch_, /*serves=*/false, join_);
    std::unique_lock lock(mutex_);
    while (!stops_) {
      const auto posts = posts_;
      const bool is_asked = is_asked_;
      Sight sight = sight_;
      lock.unlock();
      store->add(alive_key(launch_.rank), 1);
      for (const auto& [key, text] : posts)
        if (!store->check({key})) store->set(key, bytes_of(text));
      if (is_asked) refresh(sight, *store, launch_);
      lock.lock();
      posts_.erase(posts_.begin(), posts_.begin() + static_cast<std::ptrdiff_t>(posts.size()));
      if (is_asked) {
        sight_ = std::move(sight);
        is_asked_ = false;
      }
      changed_.notify_all();
      if (posts_.empty()) changed_.wait_for(lock, kBeat, [&] { return stops_ || !posts_.empty(); });
    }
  } catch (const std::exception&) {
    const std::lock_guard lock(mutex_);
    sight_.is_store_lost = true;
    changed_.notify_all();
  }
}

}  // namespace limbeck
