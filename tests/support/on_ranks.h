#pragma once
// Ranks of one process, each in a thread of its own.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "ranks/ranks.h"

namespace limbeck {

inline uint16_t free_port() {
  const int one = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(one, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(one, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(one);
  return ntohs(address.sin_port);
}

/// Runs `work` on each rank, or on those that are `present`; returns what each threw, or "".
inline std::vector<std::string> on_ranks(int size, const std::function<void(Ranks&)>& work,
                                         std::vector<int> present = {}, double join = 60) {
  Launch launch;
  launch.size = launch.local_size = size;
  launch.address = "127.0.0.1";
  launch.port = free_port();
  launch.launcher = "a test";
  if (present.empty())
    for (int rank = 0; rank < size; ++rank) present.push_back(rank);
  std::vector<std::string> thrown(static_cast<size_t>(size));
  std::vector<std::jthread> threads;
  for (const int rank : present)
    threads.emplace_back([&, rank] {
      Launch own = launch;
      own.rank = own.local_rank = rank;
      try {
        Ranks ranks(own, {.join = join});
        work(ranks);
      } catch (const Error& error) {
        thrown[static_cast<size_t>(rank)] = error.what();
      }
    });
  threads.clear();
  return thrown;
}

inline void expect_no_error(const std::vector<std::string>& thrown) {
  for (const std::string& each : thrown) EXPECT_EQ(each, "");
}

}  // namespace limbeck
