#pragma once
// The key-value store at which ranks meet, which rank 0 hosts; a connection to it is used by one thread at a time.
//
//   const StorePointer store = open_store(launch, /*serves=*/launch.rank == 0, /*seconds=*/300);
//   store->set("joined/2", bytes_of("host node1, process 1234"));
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <string>
#include <vector>

#include "ranks/launch.h"

namespace limbeck {

using StorePointer = c10::intrusive_ptr<c10d::Store>;

/// `serves`: hosts it. Waits so long for it, and for each key that is asked for. Throws what c10d throws.
StorePointer open_store(const Launch& launch, bool serves, double seconds);

std::vector<uint8_t> bytes_of(const std::string& text);
std::string text_of(const std::vector<uint8_t>& bytes);

/// "rank 2 (host node1, process 1234)"
std::string name_of(c10d::Store& store, int rank);

}  // namespace limbeck
