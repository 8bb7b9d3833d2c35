#include "core/process.h"

#include <limits.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace limbeck {
namespace {

/// True where the variable was not set and is now.
bool set_if_absent(const char* name, const char* value) {
  if (std::getenv(name) != nullptr) return false;
  setenv(name, value, /*overwrite=*/0);
  return true;
}

}  // namespace

bool settle_environment() {
  // Between the parallel parts of a step lie some tens of microseconds: a thread that spins so long is there at once,
  // where waking one that sleeps takes 10. A thread that spins longer takes the processor from those that work,
  // wherever two pools of them meet (OpenMP's and OpenBLAS's) or other programs run.
  bool changed = set_if_absent("OMP_WAIT_POLICY", "passive");
  if (changed) set_if_absent("GOMP_SPINCOUNT", "10000");  // it would overrule a policy that the user set
#if defined(__x86_64__)
  // OpenBLAS before 0.3.22 takes newer processors for one without AVX-512.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    changed |= set_if_absent("OPENBLAS_CORETYPE", "SkylakeX");
#endif
  return changed;
}

bool has_wait_policy() {
  return std::getenv("OMP_WAIT_POLICY") != nullptr;
}

void settle_process(char** arguments) {
  // Training allocates and frees the same activations at every step: memory that goes back to the system comes back as
  // a page fault per 4 KiB.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);

  if (!settle_environment()) return;
  std::array<char, PATH_MAX> path{};
  if (readlink("/proc/self/exe", path.data(), path.size() - 1) > 0) execv(path.data(), arguments);
}

}  // namespace limbeck
