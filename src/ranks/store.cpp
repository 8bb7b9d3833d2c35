#include "ranks/store.h"

#include <fmt/core.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace limbeck {

StorePointer open_store(const Launch& launch, bool serves, double seconds) {
  c10d::TCPStoreOptions options;
  options.port = launch.port;
  options.isServer = serves;
  options.waitWorkers = false;
  options.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  const auto store = c10::make_intrusive<c10d::TCPStore>(launch.address, options);
  return c10::make_intrusive<c10d::PrefixStore>(fmt::format("limbeck/{}", launch.restart), store);
}

std::vector<uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string text_of(const std::vector<uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string name_of(c10d::Store& store, int rank) {
  return fmt::format("rank {} ({})", rank, text_of(store.get(fmt::format("joined/{}", rank))));
}

}  // namespace limbeck
