#include "experiment/environment.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include "core/json.h"
#include "results/keys.h"

namespace limbeck {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// "Debian GNU/Linux 12 (bookworm), Linux 6.1.0"
std::string system_name() {
  std::ifstream file("/etc/os-release");
  std::string text;
  for (std::string line; std::getline(file, line);)
    if (constexpr std::string_view kKey = "PRETTY_NAME=\""; line.starts_with(kKey))
      text = line.substr(kKey.size(), line.rfind('"') - kKey.size()) + ", ";
  utsname kernel{};
  return text + (uname(&kernel) == 0 ? fmt::format("{} {}", kernel.sysname, kernel.release) : "unknown");
}

}  // namespace

Json environment(const std::string& device) {
  return {{"system", system_name()},
          {keys::kProcessor, processor_name()},
          {"memory", fmt::format("{:.1f} GB", static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                                                  static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e9)},
          {keys::kThreads, at::get_num_threads()},
          {"torch", TORCH_VERSION},
          {keys::kDevice, device},
          {keys::kDate, fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
}

}  // namespace limbeck
