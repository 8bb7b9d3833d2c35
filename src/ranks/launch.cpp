#include "ranks/launch.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr uint16_t kDefaultPort = 29500;  // PyTorch's

/// The variables of one launcher, and its name for messages.
class Variables {
 public:
  Variables(const Environment& environment, std::string launcher)
      : environment_(environment), launcher_(std::move(launcher)) {}

  const std::string& launcher() const { return launcher_; }
  std::optional<std::string> text(const std::string& name) const { return environment_(name); }
  std::optional<int64_t> number(const std::string& name, int64_t least, int64_t most) const {
    const std::optional<std::string> value = environment_(name);
    if (!value) return std::nullopt;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc() || end != value->data() + value->size() || number < least || number > most)
      refuse(fmt::format("{}='{}'; expected a number from {} to {}", name, *value, least, most));
    return number;
  }
  /// Throws Error that names those that are not set.
  void require(const std::vector<std::string>& names) const {
    std::vector<std::string> set, missing;
    for (const std::string& name : names) (environment_(name) ? set : missing).push_back(name);
    if (missing.empty()) return;
    refuse(fmt::format("{} {} set, and {} {} not; set all of {}, or none to run in one process", fmt::join(set, ", "),
                       set.size() == 1 ? "is" : "are", fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are",
                       fmt::join(names, ", ")));
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorKind::usage, fmt::format("the environment of {}: {}", launcher_, why));
  }

 private:
  const Environment& environment_;
  std::string launcher_;
};

constexpr int64_t kMostRanks = 1 << 20;

/// The variables that say a rank's place.
struct Place {
  std::string rank, size, local_rank, local_size;
};

Launch launch_of(const Variables& variables, const Place& place) {
  Launch launch;
  launch.launcher = variables.launcher();
  launch.size = static_cast<int>(*variables.number(place.size, 1, kMostRanks));
  launch.rank = static_cast<int>(*variables.number(place.rank, 0, kMostRanks));
  if (launch.rank >= launch.size)
    variables.refuse(fmt::format("{}={} and {}={}; expected a rank below the number of ranks", place.rank, launch.rank,
                                 place.size, launch.size));
  launch.local_size = static_cast<int>(variables.number(place.local_size, 1, launch.size).value_or(1));
  launch.local_rank = static_cast<int>(
      variables.number(place.local_rank, 0, launch.size - 1).value_or(launch.rank % launch.local_size));
  launch.port = static_cast<uint16_t>(variables.number("MASTER_PORT", 1, UINT16_MAX).value_or(0));
  launch.address = variables.text("MASTER_ADDR").value_or("");
  return launch;
}

Launch launch_of_torchrun(const Variables& variables) {
  variables.require({"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"});
  Launch launch = launch_of(variables, {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"});
  launch.restart = static_cast<int>(variables.number("TORCHELASTIC_RESTART_COUNT", 0, kMostRanks).value_or(0));
  // torchrun itself listens at the port, in the protocol of its own version of PyTorch.
  if (variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True") {
    if (launch.port == UINT16_MAX) variables.refuse("MASTER_PORT=65535; expected a port that has one above it");
    ++launch.port;
  }
  return launch;
}

/// Tasks on this host: "2(x3),1" are 2, 2, 2, 1 on the hosts of a step.
int slurm_tasks_here(const Variables& variables, int size) {
  const std::string list = variables.text("SLURM_STEP_TASKS_PER_NODE").value_or("");
  const int64_t node = variables.number("SLURM_NODEID", 0, kMostRanks).value_or(0);
  int64_t before = 0;
  const char *at = list.data(), *end = list.data() + list.size();
  while (at < end) {
    int64_t tasks = 0, nodes = 1;
    at = std::from_chars(at, end, tasks).ptr;
    if (end - at > 2 && at[0] == '(' && at[1] == 'x') at = std::from_chars(at + 2, end, nodes).ptr + 1;
    before += nodes;
    if (node < before) return static_cast<int>(std::clamp<int64_t>(tasks, 1, size));
    if (at >= end || *at != ',') break;
    ++at;
  }
  return 1;
}

Launch launch_of_slurm(const Variables& variables) {
  const bool in_step = variables.text("SLURM_STEP_NUM_TASKS").has_value();
  Launch launch =
      launch_of(variables, {"SLURM_PROCID", in_step ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS", "SLURM_LOCALID", ""});
  launch.local_size = slurm_tasks_here(variables, launch.size);
  const auto hosts = variables.text(in_step ? "SLURM_STEP_NODELIST" : "SLURM_JOB_NODELIST");
  if (launch.address.empty() && hosts) launch.address = first_host(*hosts);
  if (launch.address.empty() && launch.size > 1)
    variables.refuse("neither SLURM_STEP_NODELIST nor MASTER_ADDR is set; set MASTER_ADDR to the host of rank 0");
  constexpr int64_t kFirstPort = 15000, kPorts = 15000;
  const int64_t job = variables.number("SLURM_JOB_ID", 0, INT64_MAX).value_or(0);
  if (launch.port == 0) launch.port = static_cast<uint16_t>(kFirstPort + job % kPorts);
  return launch;
}

Launch launch_of_open_mpi(const Variables& variables) {
  variables.require({"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"});
  Launch launch = launch_of(variables, {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                                        "OMPI_COMM_WORLD_LOCAL_SIZE"});
  if (launch.address.empty() && launch.local_size == launch.size) launch.address = "127.0.0.1";
  if (launch.address.empty())
    variables.refuse(
        "the ranks are on several hosts, and MASTER_ADDR is not set; start them with "
        "mpirun -x MASTER_ADDR=HOST, HOST being that of rank 0");
  if (launch.port == 0) launch.port = kDefaultPort;
  return launch;
}

}  // namespace

Environment environment_of_process() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::string first_host(const std::string& list) {
  const size_t bracket = list.find('['), comma = list.find(',');
  if (bracket == std::string::npos || comma < bracket) return list.substr(0, comma);
  const size_t close = list.find(']', bracket), end = list.find_first_of("-,]", bracket);
  if (close == std::string::npos) return list.substr(0, bracket);
  const size_t after = list.find(',', close);
  return list.substr(0, bracket) + list.substr(bracket + 1, end - bracket - 1) +
         list.substr(close + 1, after == std::string::npos ? after : after - close - 1);
}

std::optional<Launch> launch_from(const Environment& environment) {
  const auto is_set = [&](const char* name) { return environment(name).has_value(); };
  std::optional<Launch> launch;
  if (is_set("RANK") || is_set("WORLD_SIZE"))
    launch = launch_of_torchrun({environment, "torchrun"});
  else if (is_set("SLURM_PROCID") && (is_set("SLURM_STEP_NUM_TASKS") || is_set("SLURM_NTASKS")))
    launch = launch_of_slurm({environment, "Slurm"});
  else if (is_set("OMPI_COMM_WORLD_RANK") || is_set("OMPI_COMM_WORLD_SIZE"))
    launch = launch_of_open_mpi({environment, "Open MPI"});
  return launch && launch->size > 1 ? launch : std::nullopt;
}

}  // namespace limbeck
