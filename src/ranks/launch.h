#pragma once
// Where this process stands among those that a launcher started: torchrun, Slurm or Open MPI, which say it by
// environment variables.
//
//   if (const std::optional<Launch> launch = launch_from(environment_of_process())) …   // launch->rank of launch->size
//
// Read are, in this order:
//   RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT (torchrun, or by hand), with LOCAL_RANK, LOCAL_WORLD_SIZE
//   SLURM_PROCID and SLURM_STEP_NUM_TASKS or SLURM_NTASKS (srun), with SLURM_LOCALID; the address is MASTER_ADDR, or
//     the first host of SLURM_STEP_NODELIST or SLURM_JOB_NODELIST, the port MASTER_PORT, or one of SLURM_JOB_ID's
//   OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE (mpirun), with OMPI_COMM_WORLD_LOCAL_RANK and _LOCAL_SIZE; the address
//     is MASTER_ADDR, or this host where all ranks are on it
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace limbeck {

struct Launch {
  int rank = 0, size = 1;
  int local_rank = 0;    ///< among those on this host: which of its GPUs it takes
  int local_size = 1;    ///< ranks on this host, which share its processors
  std::string address;   ///< of rank 0's host
  uint16_t port = 0;     ///< at which rank 0 waits for the others
  std::string launcher;  ///< "torchrun", "Slurm", "Open MPI"
  int restart = 0;       ///< how often torchrun has started the ranks again
};

/// Returns the value of an environment variable; nullopt if it is not set, or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment environment_of_process();

/// Returns nullopt if no launcher started this process, or it started one alone. Throws Error of kind usage if some of
/// a launcher's variables are missing, or say what cannot be.
std::optional<Launch> launch_from(const Environment& environment);

/// Returns the first of Slurm's list of hosts: "node03" of "node[03-07,9],gpu1".
std::string first_host(const std::string& list);

}  // namespace limbeck
