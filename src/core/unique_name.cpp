#include "core/unique_name.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <random>

namespace limbeck {

std::string unique_token() {
  static const std::string kProcess = [] {
    std::random_device device;
    return fmt::format("{:08x}{:08x}", device(), device());
  }();
  static std::atomic<uint64_t> calls = 0;
  return fmt::format("{}-{}", kProcess, ++calls);
}

fs::path unique_part(const fs::path& path) {
  fs::path part = path;
  part += fmt::format(".{}.part", unique_token());
  return part;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

}  // namespace limbeck
