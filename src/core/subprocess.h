#pragma once
// A program that runs beside this one. It gets no input, writes what it prints into a file, and stands in a process
// group of its own: Ctrl-C on the terminal reaches this process alone, which passes it on once.
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

/// A path to the program that runs, the same one also where its file was replaced since.
inline constexpr const char* kOwnProgram = "/proc/self/exe";

/// Processors that this process may use.
int usable_processors();

class Subprocess {
 public:
  /// Starts `arguments[0]`, a path. Throws Error where it cannot be started or the log cannot be written.
  Subprocess(const std::vector<std::string>& arguments, const fs::path& log);
  /// A process that still runs is asked to stop, and waited for.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  /// What it ended with, 128 + n where signal n ended it; nullopt while it runs.
  std::optional<int> exit_code();
  /// The same, waiting for its end.
  int wait();
  void signal(int number);

 private:
  void look(int options);

  pid_t process_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace limbeck
