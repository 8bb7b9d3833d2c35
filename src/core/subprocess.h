#pragma once
// A child process. It gets no input, its output goes into a log file, and it has a process group of its own: Ctrl-C on
// the terminal reaches only this process, which passes it on once.
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

/// A path to the running program, valid even if its file was replaced since.
inline constexpr const char* kOwnProgram = "/proc/self/exe";

/// Processors that this process may use.
int usable_processors();

class Subprocess {
 public:
  /// Starts `arguments[0]`, a path. Throws Error where it cannot be started or the log cannot be written.
  Subprocess(const std::vector<std::string>& arguments, const fs::path& log);
  /// Asks a process that still runs to stop, and waits for it.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  /// Its exit code, 128 + n if signal n ended it; nullopt while it runs.
  std::optional<int> exit_code();
  /// Waits for its end and returns its exit code.
  int wait();
  void signal(int number);

 private:
  void look(int options);

  pid_t process_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace limbeck
