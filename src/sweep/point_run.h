#pragma once
// A point of a sweep as it runs: a process of this program, or a thread of this process.
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

class PointRun {
 public:
  virtual ~PointRun() = default;
  /// Returns the exit code, as a process has one; nullopt while it runs. Does not block.
  virtual std::optional<int> exit_code() = 0;
  /// Waits for its end and returns its exit code.
  virtual int wait() = 0;
  /// Lets it save and end.
  virtual void stop() = 0;
};

/// What a run says, line by line.
using PointLog = std::function<void(const std::string& line)>;
/// Runs a point to its end; throws where it fails, and after a stop is requested.
using PointWork = std::function<void(const std::stop_token& stop, const PointLog& log)>;

/// Starts a process, whose output goes to the log. Throws Error if that is not possible.
std::unique_ptr<PointRun> run_as_process(const std::vector<std::string>& command, const fs::path& log);
/// Starts a thread. The log gets what `work` says, and the message of what it throws.
std::unique_ptr<PointRun> run_as_thread(PointWork work, const fs::path& log);

}  // namespace limbeck
