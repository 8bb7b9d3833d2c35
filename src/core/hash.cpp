#include "core/hash.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <cstdint>

#include "core/mapped_file.h"

namespace limbeck {

struct Hasher::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(state_->xxh);
}
Hasher::~Hasher() = default;

Hasher& Hasher::add(const void* bytes, size_t size) {
  const auto length = static_cast<uint64_t>(size);
  XXH3_128bits_update(state_->xxh, &length, sizeof length);
  XXH3_128bits_update(state_->xxh, bytes, size);
  return *this;
}

std::string Hasher::fingerprint() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string fingerprint_of_file(const fs::path& file) {
  return Hasher().add(MappedFile::open(file).bytes()).fingerprint();
}

}  // namespace limbeck
