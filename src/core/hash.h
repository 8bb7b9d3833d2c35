#pragma once
// Fingerprints (128-bit XXH3 hashes) of data and settings.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/files.h"

namespace limbeck {

/// Hashes a sequence of parts. Each part is preceded by its length, so that ("ab", "c") differs from ("a", "bc").
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hasher& add(std::string_view text) { return add(text.data(), text.size()); }
  Hasher& add(const void* bytes, size_t size);
  /// 32 hexadecimal digits.
  std::string fingerprint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The fingerprint of a file's content. Throws Error if it cannot be read.
std::string fingerprint_of_file(const fs::path& file);

}  // namespace limbeck
