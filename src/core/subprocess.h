#pragma once
// A child process without input, whose output goes to a log file. It has its own process group: Ctrl-C on the terminal
// reaches only this process, which forwards it once.
//
//   Subprocess run({kOwnProgram, "run", "r.yaml"}, "r.log");
//   while (!run.exit_code()) …                 // never waits
//   run.signal(SIGTERM);
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

/// A path to the running program, valid even after its file has been replaced.
inline constexpr const char* kOwnProgram = "/proc/self/exe";

/// Number of processors that this process may use.
int usable_processors();

class Subprocess {
 public:
  /// Starts `arguments[0]`, a path. Throws Error if it cannot be started or the log cannot be written.
  Subprocess(const std::vector<std::string>& arguments, const fs::path& log);
  /// Stops the process if it is still running, and waits for it to exit.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  /// Returns the exit code, 128 + n if signal n ended the process; nullopt while it runs. Does not block.
  std::optional<int> exit_code();
  /// Waits for the process to exit and returns its exit code.
  int wait();
  void signal(int number);

 private:
  void look(int options);

  pid_t process_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace limbeck
