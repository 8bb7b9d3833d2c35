#include "core/subprocess.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int kNotStarted = 127;

std::string reason() {
  return std::strerror(errno);
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Between fork and exec: only what is safe in a signal handler. posix_spawn would do but for the signal at the
/// parent's death, without which a sweep that is killed leaves runs behind that nobody waits for.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int nothing = open("/dev/null", O_RDONLY);
  if (getppid() != parent || nothing < 0) _exit(kNotStarted);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(kNotStarted);
}

}  // namespace

int usable_processors() {
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

Subprocess::Subprocess(const std::vector<std::string>& arguments, const fs::path& log) {
  if (access(arguments.at(0).c_str(), X_OK) != 0)
    throw Error(fmt::format("cannot start '{}': {}", arguments[0], reason()));
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) throw Error(fmt::format("cannot write '{}': {}", log.string(), reason()));
  const pid_t parent = getpid();
  process_ = fork();
  const std::string why = reason();
  if (process_ == 0) become(pointers.data(), file, parent);
  close(file);
  if (process_ < 0) throw Error(fmt::format("cannot start '{}': {}", arguments[0], why));
}

Subprocess::~Subprocess() {
  signal(SIGTERM);
  wait();
}

std::optional<int> Subprocess::exit_code() {
  look(WNOHANG);
  return exit_code_;
}

int Subprocess::wait() {
  while (!exit_code_) look(0);
  return *exit_code_;
}

void Subprocess::look(int options) {
  if (exit_code_) return;
  int status = 0;
  const pid_t ended = waitpid(process_, &status, options);
  if (ended == process_)
    exit_code_ = exit_code_of(status);
  else if (ended < 0 && errno != EINTR)
    exit_code_ = kNotStarted;  // somebody else waited for it
}

void Subprocess::signal(int number) {
  if (!exit_code()) kill(process_, number);
}

}  // namespace limbeck
